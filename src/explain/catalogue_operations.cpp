// What each operation does, in Chinese. The English lines stand with the operations themselves.
#include "explain/catalogue.hpp"

namespace attn_viz::explain {
namespace {

struct Meaning {
  std::string_view operation, chinese;
};

constexpr Meaning kMeanings[] = {
    {"input", "给定的数据"},
    {"parameter", "给定、选定或随机抽取的参数"},
    {"linear", "每一行乘以矩阵，再加偏置"},
    {"matmul", "每一行权重对值的各行加权求和"},
    {"concat", "各头的列并排拼接"},
    {"dot-product", "每个查询与每个键的点积"},
    {"additive", "加性打分：对投影后的查询与键之和用一个小网络"},
    {"cosine", "查询与键夹角的余弦；长度为 0 时取 0"},
    {"bilinear", "双线性打分：查询乘矩阵再乘键"},
    {"gat", "一个向量乘以并排的查询与键；负的结果缩小"},
    {"scale", "每个打分乘以一个常数（缩放点积）"},
    {"softcap", "把打分平滑地限制在 (−cap, cap) 之内"},
    {"add", "形状相同的矩阵相加"},
    {"sinusoidal", "位置的正弦与余弦，频率由高到低"},
    {"sinusoidal-2d", "先是图块所在行的正弦与余弦，再是所在列的"},
    {"learned", "位置 i 取表的第 i 行"},
    {"floater", "位置沿一条曲线演化，其斜率是一个小网络"},
    {"rotate", "每一对数旋转一个随位置增大的角度"},
    {"alibi", "随距离增大的惩罚"},
    {"t5-bias", "每个距离区间有一个学到的数"},
    {"relative-dot-product", "查询与键加距离向量的点积"},
    {"relative-matmul", "每一行权重对值加距离向量加权求和"},
    {"mask", "键对查询可见为 1，否则为 0"},
    {"mask-scores", "被遮住的键的打分变为 −∞"},
    {"softmax", "每一行取指数，再除以该行之和"},
    {"softmax-off-by-one", "多一个打分为 0 的键的 softmax，最后去掉这个键"},
    {"softmax-with-sink", "对所有键和一个汇点做 softmax，去掉汇点的权重"},
    {"sigmoid", "每个打分单独变到 0 与 1 之间"},
    {"relu", "负的打分变为 0"},
    {"relu-mean", "负的打分变为 0，再除以可见键的个数"},
    {"relu-normalized", "负的打分变为 0，再除以其和；没有正的打分时为 0"},
    {"sparsemax", "单纯形上最近的点（稀疏注意力）"},
    {"entmax", "介于 softmax (alpha 1) 与 sparsemax (alpha 2) 之间"},
    {"hardmax", "硬性注意力：打分最大的键（相等时取第一个）为 1，其余为 0"},
    {"sample", "硬性注意力：每一行按 softmax 的概率抽取一个键"},
    {"mix-heads", "所有头的同一矩阵的加权和"},
    {"slice-columns", "矩阵的若干列"},
    {"differential-lambda", "减去多少第二张权重图"},
    {"differential", "一张权重图减去 λ 乘另一张；两者共同关注的部分抵消"},
    {"scaled-rms-norm", "每一行除以其均方根，再乘一个常数"},
    {"elu-plus-one", "正的特征：大于 0 时为 x + 1，否则为 e 的 x 次方"},
    {"random-features", "若干行正态分布的随机数，需要时在每块内正交"},
    {"positive-features", "特征的点积平均等于打分的指数"},
    {"key-value-sum", "所有真实的键与其值的外积之和"},
    {"key-sum", "所有真实的键的特征之和"},
    {"kernel-output", "每个查询读取键值乘积之和"},
    {"running-key-values", "每个键之后的循环状态：加上这个键与值的乘积"},
    {"running-key-sum", "到每个键为止的特征之和"},
    {"recurrent-output", "每个查询读取自己位置之后的状态"},
    {"kernel-weights", "核的每一行除以可见键之和"},
    {"attention-weights", "一步算出缩放点积的 softmax"},
    {"implied-weights", "投影后的键上的权重相当于原来各键上的权重"},
    {"segment-means", "地标：每一段行的平均"},
    {"pseudo-inverse", "Moore–Penrose 伪逆，准确求得或由迭代求得"},
    {"nystrom-weights", "从查询经地标到键；权重可能为负"},
    {"distance", "权重和输出与精确注意力相差多少：最大、平均；最大"},
    {"l2-normalize", "每一行除以其长度；长度为 0 时取 0"},
    {"rms-normalize", "每一行除以其均方根，再乘增益"},
    {"online-maximum", "到每个键为止该行最大的打分"},
    {"online-sum", "到每个键为止的指数之和，相对于当前最大值"},
    {"online-accumulator", "到每个键为止的值之和，尚未相除"},
    {"online-output", "最后一个键之后的累积值除以指数之和"},
    {"activation", "对每个数单独作用的函数"},
    {"multiply", "相同位置的数相乘"},
    {"identity", "数值不变，作为一层的结果"},
    {"window-rows", "每一行与其相邻各行并排，两端之外为 0"},
    {"layer-norm", "层归一化：每一行均值为 0、方差为 1，再按列乘增益、加偏置"},
    {"rms-norm", "每一行除以其均方根，再按列乘增益、加偏置"},
    {"mean-rows", "所有行的平均，成为一行"},
    {"select-row", "单独一行，例如类别标记的那一行"},
    {"patchify", "把图像切成方块，每块的像素成为一行"},
    {"convolution-2d", "卷积核在图上移动：每个像素成为其邻近像素的加权和"},
    {"batch-norm", "每个通道减去均值，除以标准差，乘增益，加偏置"},
    {"adaptive-average-pool", "网格每一格的平均；h 格中第 i 格为第 ⌊iH/h⌋ 至 ⌈(i+1)H/h⌉ − 1 行"},
    {"adaptive-maximum-pool", "网格每一格的最大值；h 格中第 i 格为第 ⌊iH/h⌋ 至 ⌈(i+1)H/h⌉ − 1 行"},
    {"strip-pool", "每一行或每一列的平均"},
    {"expand-strips", "每个像素取所在行的值加所在列的值"},
    {"interpolate", "改变图的大小，每个新像素是最近的旧像素的加权平均"},
    {"concat-maps", "几组图的通道依次排列"},
    {"flatten-maps", "几组图的所有数值排成一个向量：逐图、逐通道"},
    {"pixels-as-rows", "每个像素的各通道成为一行，按图像逐行排列"},
    {"rows-as-maps", "像素的各行放回图像的网格，每个通道一张图"},
    {"criss-cross-mask", "两个像素同行或同列为 1，否则为 0"},
    {"channel-energy", "每个像素上所有通道的能量：那里有多活跃"},
    {"spatial-softmax", "对一张图的所有元素做 softmax，使其和为 1"},
    {"map-l2-normalize", "一张图除以其长度，即平方和的平方根"},
    {"squared-error", "两张图相差多少：差的平方之和或平均"},
    {"weighted-sum", "若干数各乘一个系数再相加"},
    {"channel-softmax", "在每个像素上对各通道做 softmax"},
    {"channel-argmax", "每个像素上最大的通道的编号"},
    {"pixel-cross-entropy", "所有像素上真实类别概率的 −ln 的加权平均"},
    {"binary-cross-entropy", "真实情况（是或否）的概率的 −ln 的平均"},
    {"lane-iou-loss", "1 减去共同的车道像素数除以任一方的车道像素数"},
    {"rnn", "循环网络：每个状态由当前的输入与前一个状态算出"},
    {"gru", "门控循环单元的门、候选状态与状态，并排放在一行"},
    {"shift-rows", "每一行下移一位：得到前一行的内容"},
    {"repeat-rows", "同一行重复给所有行"},
    {"stack-rows", "各矩阵的行上下相接"},
    {"join-rows", "所有行首尾相接，成为一行"},
    {"slice-rows", "矩阵的若干行"},
    {"fixed-weights", "所有查询的权重都相同：平均分配，或全部给一个键"},
    {"subtract", "两个矩阵之差"},
    {"row-numbers", "每一行的编号，从 0 开始"},
    {"local-window", "靠近某个位置的键为 1，否则为 0"},
    {"local-gaussian", "以某个位置为中心的钟形曲线（高斯）"},
    {"network", "对并排的查询与键用一个小网络打分"},
    {"pointer-mask", "前面某一行已按最大打分选走的为 0，否则为 1"},
    {"argmax", "每一行最大值的编号（相等时取第一个）"},
    {"grid-convolution", "卷积：每一行由周围固定偏移处的各行算出，每个偏移各乘自己的矩阵"},
    {"pad-grid", "在网格四周补上为 0 的位置"},
    {"quadratic-encoding", "从每个查询到每个键的偏移，以及偏移长度的平方"},
    {"encoding-scores", "只由位置得到的打分"},
};

}  // namespace

std::string_view meaning_of(const Operation& operation, std::size_t inputs, Language language) {
  if (operation.name == ops::linear.name && inputs == 2) {
    return language == Language::kEnglish ? "each row times a matrix" : "每一行乘以矩阵";
  }
  if (language == Language::kEnglish) return operation.meaning;
  for (const Meaning& known : kMeanings) {
    if (known.operation == operation.name) return known.chinese;
  }
  return "";
}

}  // namespace attn_viz::explain
