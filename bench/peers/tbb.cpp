/* SPDX-License-Identifier: MIT */
/*
 * bench-tbb: oneTBB's task groups in the rows that fork and join. Its tasks cannot wait for a
 * channel: skynet returns sums instead of sending them.
 */
#include <algorithm>
#include <atomic>
#include <memory>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>
#include <tbb/task_group.h>
#include <vector>

#include "../bench.h"

long bench_scale = 100;

namespace
{

void limit_threads()
{
    static std::unique_ptr<tbb::global_control> limit;
    const char *procs = getenv("BENCH_PROCS");
    limit.reset(new tbb::global_control(tbb::global_control::max_allowed_parallelism,
                                        static_cast<size_t>(procs ? atoi(procs) : 1)));
}

long fib_fork(long n)
{
    if (n < 2)
        return n;
    long x;
    tbb::task_group g;
    g.run([&x, n] { x = fib_fork(n - 1); });
    long y = fib_fork(n - 2);
    g.wait();
    return x + y;
}

void fib_row()
{
    limit_threads();
    bool full = bench_scale >= 100;
    fib_fork(15);
    int64_t start = bench_now();
    long result = fib_fork(full ? 32 : 20);
    bench_report_since("fib", start, full ? 3524577 : 10945);
    BENCH_CHECK(result == (full ? 2178309 : 6765));
}

int64_t skynet_node(int64_t num, int64_t size)
{
    if (size == 1)
        return num;
    int64_t sums[10], sum = 0;
    tbb::task_group g;
    for (int64_t i = 0; i < 10; i++)
        g.run(
            [&sums, i, num, size] { sums[i] = skynet_node(num + i * (size / 10), size / 10); });
    g.wait();
    for (int64_t s : sums)
        sum += s;
    return sum;
}

void skynet_row(const char *row)
{
    int64_t size = bench_scale < 100 ? 10000 : 1000000;
    int64_t start = bench_now();
    int64_t sum = skynet_node(0, size);
    bench_report(row, static_cast<double>(bench_now() - start) / 1e6, "ms");
    BENCH_CHECK(sum == size * (size - 1) / 2);
}

void skynet_rows()
{
    limit_threads();
    skynet_row("skynet_cold");
    skynet_row("skynet_warm");
}

void spawn_row(const char *row, long total, long size)
{
    std::atomic<long> ran{0};
    int64_t start = bench_now();
    for (long i = 0; i < total / size; i++) {
        tbb::task_group g;
        for (long j = 0; j < size; j++)
            g.run([&ran] { ran.fetch_add(1, std::memory_order_relaxed); });
        g.wait();
    }
    bench_report_since(row, start, total / size * size);
    BENCH_CHECK(ran == total / size * size);
}

void spawn_rows()
{
    limit_threads();
    spawn_row("spawn_100", bench_count(4000000), 100);
    spawn_row("spawn_1", bench_count(1000000), 1);
}

void million_rows()
{
    limit_threads();
    long n = bench_count(1000000);
    spawn_row("million_cold", n, n);
    spawn_row("million_warm", n, n);
}

constexpr int parallel_rounds = 3, parallel_matrix = 512, parallel_row = parallel_matrix + 8;

void parallel_report(const char *name, int64_t serial, int64_t parallel)
{
    char row[64];
    snprintf(row, sizeof(row), "%s_serial", name);
    bench_report(row, static_cast<double>(serial) / 1e6 / parallel_rounds, "ms");
    snprintf(row, sizeof(row), "%s_parallel", name);
    bench_report(row, static_cast<double>(parallel) / 1e6 / parallel_rounds, "ms");
    snprintf(row, sizeof(row), "%s_share", name);
    bench_report(row, 100.0 * static_cast<double>(parallel) / static_cast<double>(serial), "%");
}

struct product {
    int size;
    double a[parallel_matrix][parallel_row];
    double b[parallel_matrix][parallel_row];
    double c[parallel_matrix][parallel_row];

    void rows(int from, int to)
    {
        for (int i = from; i < to; i++) {
            memset(c[i], 0, sizeof(c[i]));
            for (int k = 0; k < size; k++)
                for (int j = 0; j < size; j++)
                    c[i][j] += a[i][k] * b[k][j];
        }
    }
    void check() const
    {
        double want = 0;
        for (int k = 0; k < size; k++)
            want += (3.0 + k) * (k - 5.0);
        BENCH_CHECK(c[3][5] == want);
    }
};

void matmul_rows()
{
    int64_t serial = 0, parallel = 0;
    auto p = std::make_unique<product>();
    p->size = bench_scale < 100 ? parallel_matrix / 8 : parallel_matrix;
    for (int i = 0; i < p->size; i++) {
        for (int j = 0; j < p->size; j++) {
            p->a[i][j] = i + j;
            p->b[i][j] = i - j;
        }
    }
    for (int round = 0; round < parallel_rounds; round++) {
        int64_t start = bench_now();
        p->rows(0, p->size);
        serial += bench_now() - start;
        p->check();
        start = bench_now();
        tbb::parallel_for(tbb::blocked_range<int>(0, p->size),
                          [&](const auto &r) { p->rows(r.begin(), r.end()); });
        parallel += bench_now() - start;
        p->check();
    }
    parallel_report("matmul", serial, parallel);
}

void fill(std::vector<int64_t> &v)
{
    uint64_t seed = 1;
    for (int64_t &x : v)
        x = static_cast<int64_t>(bench_random(&seed));
}

void sort_rows()
{
    std::vector<int64_t> v(static_cast<size_t>(bench_count(4000000)));
    int64_t serial = 0, parallel = 0;
    for (int round = 0; round < parallel_rounds; round++) {
        fill(v);
        int64_t start = bench_now();
        std::sort(v.begin(), v.end());
        serial += bench_now() - start;
        fill(v);
        start = bench_now();
        tbb::parallel_sort(v.begin(), v.end());
        parallel += bench_now() - start;
        BENCH_CHECK(std::is_sorted(v.begin(), v.end()));
    }
    parallel_report("sort", serial, parallel);
}

void parallel_rows()
{
    limit_threads();
    matmul_rows();
    sort_rows();
}

const bench_group tbb_groups[] = {
    {"fib", fib_row},          {"skynet", skynet_rows},     {"spawn", spawn_rows},
    {"million", million_rows}, {"parallel", parallel_rows}, {nullptr, nullptr},
};

} // namespace

int main(int argc, char **argv)
{
    return bench_main(argc, argv, tbb_groups);
}
