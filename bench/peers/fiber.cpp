/* SPDX-License-Identifier: MIT */
/*
 * bench-fiber: Boost.Fiber in the rows it can run, in the shapes of leat-bench.
 *
 * One processor is its round-robin scheduler; two are its work-stealing scheduler over two
 * threads. Rows that need a million fibres are left out: each takes two pages and a mapping.
 */
#include <atomic>
#include <boost/fiber/all.hpp>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "../bench.h"

long bench_scale = 100;

namespace
{

namespace fibers = boost::fibers;
using int64_chan = fibers::unbuffered_channel<int64_t>;

/* Two threads share the fibres between construction and destruction. */
class second_thread
{
    fibers::mutex mutex_;
    fibers::condition_variable changed_;
    bool done_ = false;
    std::thread thread_;

  public:
    second_thread()
    {
        const char *procs = getenv("BENCH_PROCS");
        if (!procs || atoi(procs) < 2)
            return;
        thread_ = std::thread([this] {
            fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(2, true);
            std::unique_lock<fibers::mutex> lock(mutex_);
            changed_.wait(lock, [this] { return done_; });
        });
        fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(2, true);
    }
    ~second_thread()
    {
        if (!thread_.joinable())
            return;
        {
            std::lock_guard<fibers::mutex> lock(mutex_);
            done_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
};

template <typename Body> void run_all(int n, Body body)
{
    std::vector<fibers::fiber> all;
    all.reserve(static_cast<size_t>(n));
    for (int i = 0; i < n; i++)
        all.emplace_back(body, i);
    for (auto &f : all)
        f.join();
}

void yield_row(const char *row, int n)
{
    long times = bench_count(4000000) / n;
    auto body = [&](int) {
        for (long i = 0; i < times; i++)
            boost::this_fiber::yield();
    };
    int64_t start = bench_now();
    run_all(n, body);
    bench_report_since(row, start, times * n);
}

void yield_rows()
{
    second_thread two;
    yield_row("yield_2", 2);
    yield_row("yield_100", 100);
    yield_row("yield_10000", 10000);
}

void ping_pairs(const char *row, int pairs, long times)
{
    int64_t start = bench_now();
    run_all(pairs, [&](int) {
        int64_chan out, in;
        fibers::fiber other([&] {
            for (long i = 0; i < times; i++)
                in.push(out.value_pop() + 1);
        });
        for (long i = 0; i < times; i++) {
            out.push(i);
            BENCH_CHECK(in.value_pop() == i + 1);
        }
        other.join();
    });
    bench_report_since(row, start, times * pairs);
}

void pingpong_rows()
{
    second_thread two;
    long total = bench_count(100000); /* two threads that put each other to sleep: 28 us */
    ping_pairs("pingpong_1", 1, total);
    ping_pairs("pingpong_100", 100, total / 100);
}

template <typename Chan> void stream(const char *row, Chan &c, int pairs, long total)
{
    std::atomic<int64_t> sum{0};
    long each = total / pairs;
    int64_t start = bench_now();
    run_all(2 * pairs, [&](int i) {
        if (i % 2) {
            int64_t mine = 0;
            for (long k = 0; k < each; k++)
                mine += c.value_pop();
            sum += mine;
        } else {
            for (long k = i / 2 * each; k < (i / 2 + 1) * each; k++)
                c.push(k);
        }
    });
    int64_t n = each * pairs;
    bench_report_since(row, start, n);
    BENCH_CHECK(sum == n * (n - 1) / 2);
}

void buffered_rows()
{
    second_thread two;
    long total = bench_count(4000000);
    fibers::buffered_channel<int64_t> one(128), four(128);
    int64_chan none;
    stream("buffered_1x1", one, 1, total);
    stream("buffered_4x4", four, 4, total);
    stream("stream_1x1", none, 1, total / 2);
}

void spawn_rows()
{
    second_thread two;
    long n = bench_count(400000);
    int64_t start = bench_now();
    for (long i = 0; i < n / 100; i++)
        run_all(100, [](int) {});
    bench_report_since("spawn_100", start, n / 100 * 100);
    start = bench_now();
    for (long i = 0; i < n; i++)
        fibers::fiber([] {}).join();
    bench_report_since("spawn_1", start, n);
}

/* The process ends here: parked fibres would keep their thread, and closing a channel under
 * a waiting sender crashes in Boost 1.74. */
void sieve_rows()
{
    int primes = bench_scale < 100 ? 200 : 2000, prime = 0;
    using chan = fibers::unbuffered_channel<int>;
    std::vector<std::unique_ptr<chan>> chans;
    std::vector<fibers::fiber> all;
    int64_t start = bench_now();
    chans.emplace_back(new chan);
    all.emplace_back([out = chans[0].get()] {
        for (int i = 2; out->push(i) == fibers::channel_op_status::success; i++)
            continue;
    });
    for (int i = 0; i < primes; i++) {
        chan *in = chans.back().get();
        prime = in->value_pop();
        chans.emplace_back(new chan);
        all.emplace_back([in, prime, out = chans.back().get()] {
            for (int v; in->pop(v) == fibers::channel_op_status::success;)
                if (v % prime)
                    out->push(v);
        });
    }
    bench_report("sieve", static_cast<double>(bench_now() - start) / 1e6, "ms");
    BENCH_CHECK(prime == (primes == 2000 ? 17389 : 1223));
    fflush(stdout);
    _Exit(0);
}

double cpu_ms()
{
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

void sleep5_rows()
{
    long n = bench_count(100000);
    std::vector<int64_t> span(static_cast<size_t>(n)), late(static_cast<size_t>(n));
    uint64_t seed = 1;
    for (auto &s : span)
        s = static_cast<int64_t>(bench_random(&seed) % 1000000) * 1000;
    double cpu = cpu_ms();
    int64_t start = bench_now();
    run_all(static_cast<int>(n), [&](int i) {
        auto k = static_cast<size_t>(i);
        int64_t began = bench_now();
        boost::this_fiber::sleep_for(std::chrono::nanoseconds(span[k]));
        late[k] = bench_now() - began - span[k];
    });
    bench_report("sleep_1e5_wall", static_cast<double>(bench_now() - start) / 1e6, "ms");
    bench_report("sleep_1e5_cpu", cpu_ms() - cpu, "ms");
    bench_report_late("sleep_1e5_late", late.data(), n);
}

void sync_rows()
{
    fibers::mutex m;
    volatile long counter = 0;
    long n = bench_count(20000000);
    int64_t start = bench_now();
    for (long i = 0; i < n; i++) {
        m.lock();
        counter = counter + 1;
        m.unlock();
    }
    bench_report_since("mutex", start, n);
    BENCH_CHECK(counter == n);
}

void contended_row(const char *row, int n)
{
    fibers::mutex m;
    long each = bench_count(2000000) / n, counter = 0;
    int64_t start = bench_now();
    run_all(n, [&](int) {
        for (long i = 0; i < each; i++) {
            m.lock();
            counter++;
            m.unlock();
        }
    });
    bench_report_since(row, start, each * n);
    BENCH_CHECK(counter == each * n);
}

void contended_rows()
{
    second_thread two;
    contended_row("mutex_contended_2", 2);
    contended_row("mutex_contended_4", 4);
    contended_row("mutex_contended_16", 16);
}

void handover_row()
{
    second_thread two;
    fibers::mutex m;
    fibers::condition_variable changed;
    int turn = 0;
    long n = bench_count(100000); /* as pingpong */
    int64_t start = bench_now();
    run_all(2, [&](int mine) {
        for (long i = 0; i < n; i++) {
            std::unique_lock<fibers::mutex> lock(m);
            changed.wait(lock, [&] { return turn == mine; });
            turn = 1 - mine;
            changed.notify_one();
        }
    });
    bench_report_since("cond_handover", start, n);
    BENCH_CHECK(turn == 0);
}

const bench_group fiber_groups[] = {
    {"yield", yield_rows}, {"pingpong", pingpong_rows}, {"buffered", buffered_rows},
    {"spawn", spawn_rows}, {"sieve", sieve_rows},       {"sleep5", sleep5_rows},
    {"sync", sync_rows},   {"handover", handover_row},  {"contended", contended_rows},
    {nullptr, nullptr},
};

} // namespace

int main(int argc, char **argv)
{
    return bench_main(argc, argv, fiber_groups);
}
