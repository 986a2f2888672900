#include "explain/catalogue.hpp"

#include <array>

namespace attn_viz::explain {
namespace {

struct Both {
  std::string_view english, chinese;
};

std::string_view choose(const Both& both, Language language) {
  return language == Language::kEnglish ? both.english : both.chinese;
}

constexpr std::array<Both, kSentences> kTexts{{
    {"How much query {0} attends to key {1}", "查询 {0} 对键 {1} 的注意力权重"},
    {"How query {0} attends to every key", "查询 {0} 对所有键的注意力权重"},
    {"How {0} comes about ({1})", "{0} 是怎样算出来的（{1}）"},
    {"The weight is row {1}, column {2} of {0}.", "这个权重是 {0} 的第 {1} 行、第 {2} 列。"},
    {"The weights are row {1} of {0}.", "这些权重是 {0} 的第 {1} 行。"},
    {"Indices count from 0. After = stands the exact number, after ≈ one rounded to {0} decimals; "
     "what is computed with it uses the number in full.",
     "下标从 0 开始。= 后面是准确值，≈ 后面是四舍五入到 {0} 位小数的值；后续计算使用未舍入的值。"},
    {"{0} is given; its shape is {1}.", "{0} 是给定的，形状为 {1}。"},
    {"{0} was computed before; its shape is {1}. --step explains its cells.",
     "{0} 在前面已经算出，形状为 {1}；可以用 --step 查看它的每个元素。"},
    {"The whole of {0}:", "完整的 {0}："},
    {"The part of {0} that is used:", "用到的 {0} 的部分："},
    {"{0} more cells are computed in the same way.", "另有 {0} 个元素用同样的方法计算。"},
    {"… {0} more …", "… 略去 {0} 项 …"},
    {"{0} more are computed in the same way.", "另有 {0} 个用同样的方法计算。"},
    {"Decided by: {0}.", "判断：{0}。"},
    {"{0} holds", "{0} 成立"},
    {"{0}, that is {1}, holds", "{0}，即 {1}，成立"},
    {"{0} does not hold", "{0} 不成立"},
    {"{0}, that is {1}, does not hold", "{0}，即 {1}，不成立"},
    {"; or ", "；或者 "},
    {"check", "验算"},
    {"The trace says {0} here, which is not what its inputs give.",
     "这里记录的值是 {0}，与由输入算出的结果不符。"},
    {"Rows: {0}.", "各行：{0}。"},
    {"Columns: {0}.", "各列：{0}。"},
    {"So query {0} gives key {1} the weight {2}.", "所以查询 {0} 给键 {1} 的权重为 {2}。"},
}};

constexpr std::array<Both, kRemarks> kRemarkTexts{{
    {"The maximum m of the row is subtracted before the exponential; this changes nothing but the "
     "range of the numbers.",
     "取指数之前先减去该行的最大值 m；这不改变结果，只避免数值过大。"},
    {"The key is masked, so it gets nothing.", "这个键被掩码遮住，所以得不到任何权重。"},
    {"No key is visible to this query, so all of the row is 0.",
     "这个查询看不到任何键，所以整行都是 0。"},
    {"No score of the row is positive, so all of the row is 0.",
     "该行没有正的打分，所以整行都是 0。"},
    {"A vector of length 0 has no direction; the result is 0.",
     "长度为 0 的向量没有方向，结果取 0。"},
    {"Several scores are the largest; the first of them counts.",
     "最大的打分不止一个，取其中第一个。"},
    {"τ is the number for which the weights of the row sum to 1.",
     "τ 是使该行权重之和为 1 的那个数。"},
    {"One key is drawn for each row, this one with probability p; 1 means that it was drawn.",
     "每一行随机抽取一个键，抽到这个键的概率为 p；1 表示抽中。"},
    {"The number is drawn by the generator from the standard normal distribution, with the seed of "
     "the step.",
     "这个数由随机数发生器按该步的种子从标准正态分布中抽取。"},
    {"The row is drawn from the standard normal distribution with the seed of the step, then made "
     "orthogonal to the rows before it.",
     "这一行按该步的种子从标准正态分布中抽取，再与前面的各行正交化。"},
    {"m is the largest exponent of all rows; the factor cancels when the row is divided by its "
     "sum.",
     "m 是所有行中最大的指数；除以行和时这个因子会约去。"},
    {"The sum nearly vanishes, so 10⁻¹² is added to it.", "分母几乎为 0，所以加上 10⁻¹²。"},
    {"Keys that are padding are left out.", "填充的键不计入。"},
    {"The position flows to this value in small steps of size δ; this is the last of them, from p, "
     "with the slopes k.",
     "位置编码以步长 δ 逐步演化到这个值；这里是从 p 出发、斜率为 k 的最后一步。"},
    {"The inverse is approached by iterations; this is the last of them, from the row z before it "
     "and the factor p = 13 I − A Z (15 I − A Z (7 I − A Z)).",
     "伪逆由迭代逼近；这里是最后一次迭代，z 是上一次的一行，因子 p = 13 I − A Z (15 I − A Z (7 I − "
     "A Z))。"},
    {"The inverse is found by a singular value decomposition; it satisfies Z A Z = Z.",
     "伪逆由奇异值分解求得，满足 Z A Z = Z。"},
    {"Near distances have a number each, far ones share a number by ranges (buckets).",
     "近的距离各有一个数，远的距离按区间（桶）共用一个数。"},
    {"The largest difference is at this place.", "最大的差在这个位置。"},
    {"Σ is the sum of the differences of all cells.", "Σ 是所有元素之差的总和。"},
    {"Pixels beyond the edges of the maps count as 0 and are left out.",
     "图的边缘之外视为 0，不计入。"},
    {"Beyond the edges of the maps, the nearest pixel at the edge is repeated.",
     "图的边缘之外重复边缘上最近的像素。"},
    {"The largest number is subtracted before the exponential; this changes nothing but the range "
     "of the numbers.",
     "取指数之前先减去最大的数；这不改变结果，只避免数值过大。"},
    {"Σ is the sum of all terms; they are too many to be written out.",
     "Σ 是所有项之和；项数太多，不一一写出。"},
    {"This is the largest of all cells; they are too many to be written out.",
     "这是所有元素中最大的；元素太多，不一一写出。"},
    {"w is the weight of a class, W that of all pixels together. l[p] is −ln of the probability of "
     "the true class of pixel p, counted row by row.",
     "w 是各类的权重，W 是所有像素的权重之和；l[p] 是像素 p（逐行编号）真实类别概率的 −ln。"},
    {"N_p counts the pixels that are predicted to be lane, N_g those that are, N_o those that are "
     "both.",
     "N_p 是预测为车道的像素数，N_g 是真正的车道像素数，N_o 是两者共同的像素数。"},
    {"There is no row beyond the ends; 0 stands in its place.", "两端之外没有行，用 0 代替。"},
}};

struct StepName {
  std::string_view step;
  Both name;
};

constexpr StepName kStepNames[] = {
    {"embeddings", {"Embeddings", "词向量（嵌入）"}},
    {"context", {"Context", "上下文"}},
    {"values", {"Values of the context", "上下文的值"}},
    {"positions", {"Positional encoding", "位置编码"}},
    {"positioned", {"Embeddings with positions", "加上位置编码的词向量"}},
    {"key_positions", {"Positional encoding of the keys", "键的位置编码"}},
    {"key_positioned", {"Keys' embeddings with positions", "加上位置编码的键向量"}},
    {"position_bias", {"Bias of the positions", "位置偏置"}},
    {"W_Q", {"Matrix of the queries", "查询矩阵"}},
    {"W_K", {"Matrix of the keys", "键矩阵"}},
    {"W_V", {"Matrix of the values", "值矩阵"}},
    {"W_O", {"Matrix of the output", "输出矩阵"}},
    {"b_Q", {"Bias of the queries", "查询的偏置"}},
    {"b_K", {"Bias of the keys", "键的偏置"}},
    {"b_V", {"Bias of the values", "值的偏置"}},
    {"b_O", {"Bias of the output", "输出的偏置"}},
    {"query", {"Queries", "查询"}},
    {"key", {"Keys", "键"}},
    {"value", {"Values", "值"}},
    {"normalized_query", {"Queries, normalised", "归一化的查询"}},
    {"normalized_key", {"Keys, normalised", "归一化的键"}},
    {"rotated_query", {"Queries, rotated", "旋转后的查询"}},
    {"rotated_key", {"Keys, rotated", "旋转后的键"}},
    {"scores", {"Scores", "打分"}},
    {"scaled_scores", {"Scaled scores", "缩放后的打分"}},
    {"capped_scores", {"Capped scores", "限幅后的打分"}},
    {"biased_scores", {"Scores with bias", "加偏置后的打分"}},
    {"masked_scores", {"Masked scores", "加掩码后的打分"}},
    {"mask", {"Mask", "掩码"}},
    {"weights", {"Attention weights", "注意力权重"}},
    {"output", {"Output", "输出"}},
    {"concat", {"Heads side by side", "各头的输出拼接"}},
    {"attention_output", {"Output of the attention", "注意力层的输出"}},
    {"normalized", {"Normalised rows", "层归一化"}},
    {"residual", {"Residual", "残差连接"}},
};

}  // namespace

std::string_view text_of(Sentence sentence, Language language) {
  return choose(kTexts[static_cast<std::size_t>(sentence)], language);
}

std::string_view text_of(Remark remark, Language language) {
  return choose(kRemarkTexts[static_cast<std::size_t>(remark)], language);
}

std::string_view name_of_step(std::string_view id, Language language) {
  const std::string_view step = id.substr(id.rfind('/') + 1);  // npos + 1 is 0
  for (const StepName& known : kStepNames) {
    if (known.step == step) return choose(known.name, language);
  }
  return "";
}

std::vector<std::string_view> named_steps() {
  std::vector<std::string_view> names;
  for (const StepName& known : kStepNames) names.push_back(known.step);
  return names;
}

}  // namespace attn_viz::explain
