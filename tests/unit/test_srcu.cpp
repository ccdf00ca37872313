// SPDX-License-Identifier: LGPL-3.0-or-later

// SRCU: the writer waits for readers that may have seen the removed part, and for no
// others.

#include "tests/unit/unit.hpp"

#include <atomic>
#include <thread>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/srcu.hpp"

namespace {

constexpr int kLong = 1000; // switches to the other thread

// A writer in a thread of its own.
struct Writer {
    explicit Writer(tev::Srcu &readers)
        : thread([this, &readers] {
              readers.synchronize();
              done.store(true);
          })
    {
    }

    std::atomic<bool> done{false};
    std::thread thread;
};

void let_others_run()
{
    for (int i = 0; i < kLong; i++) {
        sched_yield();
    }
}

void test_srcu__nobody_inside__no_wait(void **)
{
    tev::Srcu readers;
    for (int i = 0; i < 4; i++) {
        readers.read_unlock(readers.read_lock());
        readers.synchronize();
    }
}

// C8: also one that was counted when the writers before this one began
void test_srcu__inside__are_waited_for(void **)
{
    for (int writers_before = 0; writers_before < 4; writers_before++) {
        tev::Srcu readers;
        for (int i = 0; i < writers_before; i++) {
            readers.synchronize();
        }
        const uint32_t reader = readers.read_lock();
        Writer writer(readers);
        let_others_run();
        assert_false(writer.done.load());
        readers.read_unlock(reader);
        writer.thread.join();
    }
}

void test_srcu__come_without_a_pause__dont_hold_up_the_writer(void **)
{
    constexpr int kMost = 100'000;
    tev::Srcu readers;
    uint32_t inside = readers.read_lock();
    Writer writer(readers);
    int crossings = 0;
    while (!writer.done.load() && crossings < kMost) {
        const uint32_t next = readers.read_lock();
        readers.read_unlock(inside);
        inside = next;
        sched_yield();
        crossings++;
    }
    const bool was_done = writer.done.load();
    readers.read_unlock(inside);
    writer.thread.join();
    assert_true(was_done);
}

// C23: readers in other threads do not count in a child, in either counter
void test_srcu__of_the_parent__are_not_waited_for_in_the_child(void **)
{
    tev::Srcu readers;
    const uint32_t first = readers.read_lock();
    Writer writer(readers);
    let_others_run(); // new readers use the other counter by now
    const uint32_t second = readers.read_lock();
    const pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        readers.synchronize();
        readers.read_unlock(second); // began in the parent: it does not count
        readers.read_unlock(readers.read_lock());
        readers.synchronize();
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_false(writer.done.load());
    readers.read_unlock(first);
    readers.read_unlock(second);
    writer.thread.join();
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_srcu__nobody_inside__no_wait),
        cmocka_unit_test(test_srcu__inside__are_waited_for),
        cmocka_unit_test(test_srcu__come_without_a_pause__dont_hold_up_the_writer),
        cmocka_unit_test(test_srcu__of_the_parent__are_not_waited_for_in_the_child),
    };
    return cmocka_run_group_tests_name("readers", tests, nullptr, nullptr);
}
