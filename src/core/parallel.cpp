#include "attn_viz/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace attn_viz {
namespace {

thread_local bool inside_block = false;

/// One parallel loop: threads take its blocks until none is left.
struct Loop {
  std::size_t count, block;
  const std::function<void(std::size_t, std::size_t)>& body;
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure{};
  std::mutex failure_mutex{};

  void work() {
    inside_block = true;
    for (;;) {
      const std::size_t first = next.fetch_add(block);
      if (first >= count) break;
      try {
        body(first, std::min(count, first + block));
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
    inside_block = false;
  }
};

/// Threads that wait for loops; started by the first loop that has work for them.
class Pool {
 public:
  static Pool& instance() {
    static Pool pool;
    return pool;
  }

  std::size_t width() const { return threads_.size() + 1; }

  void run(Loop& loop) {
    const std::lock_guard one_at_a_time(run_mutex_);
    {
      const std::lock_guard lock(mutex_);
      loop_ = &loop;
      ++generation_;
      busy_ = threads_.size();
    }
    wake_.notify_all();
    loop.work();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return busy_ == 0; });
  }

 private:
  Pool() {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 1; i < cores; ++i) threads_.emplace_back([this] { serve(); });
  }

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void serve() {
    std::size_t seen = 0;
    for (;;) {
      Loop* loop = nullptr;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
        if (stopping_) return;
        seen = generation_;
        loop = loop_;
      }
      loop->work();
      const std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::vector<std::thread> threads_;
  std::mutex run_mutex_, mutex_;
  std::condition_variable wake_, done_;
  Loop* loop_ = nullptr;
  std::size_t generation_ = 0, busy_ = 0;
  bool stopping_ = false;
};

}  // namespace

void parallel_for(std::size_t count, std::size_t block,
                  const std::function<void(std::size_t, std::size_t)>& body) {
  if (count == 0) return;
  block = std::max<std::size_t>(1, block);
  if (inside_block || count <= block) {
    for (std::size_t first = 0; first < count; first += block) {
      body(first, std::min(count, first + block));
    }
    return;
  }
  Loop loop{count, block, body};
  Pool::instance().run(loop);
  if (loop.failure) std::rethrow_exception(loop.failure);
}

std::size_t parallel_width() {
  return Pool::instance().width();
}

}  // namespace attn_viz
