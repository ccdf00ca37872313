// SPDX-License-Identifier: LGPL-3.0-or-later

// The timer queue and its heap: order against a plain sorted model, for many
// orders of adding, moving and leaving; and the number of comparisons' worth
// of work, counted by the depth of the heap, not by a clock.

#include "tests/unit/unit.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "src/base/timer_queue.hpp"

namespace {

using tev::TimerNode;
using tev::TimerQueue;

struct Node : TimerNode {
    int id = 0;
    uint64_t order = 0; // of the last link
};

bool model_less(const Node *a, const Node *b)
{
    const bool a_zero = tev::is_zero(a->when());
    const bool b_zero = tev::is_zero(b->when());
    if (a_zero != b_zero) {
        return a_zero;
    }
    const int c = tev::compare(a->when(), b->when());
    return c != 0 ? c < 0 : a->order < b->order;
}

struct Bench {
    TimerQueue queue;
    std::vector<std::unique_ptr<Node>> nodes;
    std::vector<Node *> linked;
    uint64_t links = 0;

    Node *fresh()
    {
        nodes.push_back(std::make_unique<Node>());
        nodes.back()->id = static_cast<int>(nodes.size());
        return nodes.back().get();
    }
    void link(Node *n, timeval when)
    {
        n->order = ++links;
        queue.link(*n, when);
        linked.push_back(n);
    }
    void unlink(Node *n)
    {
        queue.unlink(*n);
        linked.erase(std::find(linked.begin(), linked.end(), n));
    }
    void check_earliest()
    {
        auto it = std::min_element(linked.begin(), linked.end(), model_less);
        Node *expected = it == linked.end() ? nullptr : *it;
        assert_ptr_equal(queue.earliest(), expected);
    }
    void drain_in_order()
    {
        std::sort(linked.begin(), linked.end(), model_less);
        for (Node *n : linked) {
            assert_ptr_equal(queue.earliest(), n);
            queue.unlink(*n);
            assert_false(n->is_linked());
        }
        linked.clear();
        assert_true(queue.empty());
    }
};

timeval seconds(int s)
{
    return {s, 0};
}

// E2: equal times stay in the order in which they were added.
void test_queue__equal_times_in_run_and_heap__first_in_first_out(void **)
{
    Bench b;
    for (int round = 0; round < 50; round++) {
        b.link(b.fresh(), seconds(10));
        b.link(b.fresh(), seconds(20)); // what follows has to go to the heap
    }
    b.drain_in_order();
}

// E1: zero is before every other time, negative ones too.
void test_queue__zero_time__before_negative_and_positive(void **)
{
    Bench b;
    Node *negative = b.fresh(), *positive = b.fresh(), *zero = b.fresh();
    b.link(negative, {-5, 0});
    b.link(positive, {5, 0});
    b.link(zero, {0, 0});
    assert_ptr_equal(b.queue.earliest(), zero);
    b.unlink(zero);
    assert_ptr_equal(b.queue.earliest(), negative);
    b.unlink(negative);
    assert_ptr_equal(b.queue.earliest(), positive);
}

// E5: what is linked again goes behind its equals.
void test_queue__linked_again_with_the_same_time__goes_last(void **)
{
    Bench b;
    Node *first = b.fresh(), *second = b.fresh();
    b.link(first, seconds(1));
    b.link(second, seconds(1));
    b.unlink(first);
    b.link(first, seconds(1));
    assert_ptr_equal(b.queue.earliest(), second);
}

void test_queue__random_operations__agrees_with_a_sorted_model(void **)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        Random random(seed * 77);
        Bench b;
        for (int step = 0; step < 600; step++) {
            const uint32_t what = random.below(10);
            const timeval when = {static_cast<time_t>(random.below(30)),
                                  static_cast<suseconds_t>(random.below(3))};
            if (what < 6 || b.linked.empty()) {
                b.link(b.fresh(), when);
            } else {
                Node *n = b.linked[random.below(static_cast<uint32_t>(b.linked.size()))];
                b.unlink(n);
                if (what < 8) {
                    b.link(n, when);
                }
            }
            b.check_earliest();
            assert_true(b.queue.is_valid());
        }
        size_t visited = 0;
        b.queue.for_each([&](TimerNode &) { visited++; });
        assert_int_equal(visited, b.linked.size());
        b.drain_in_order();
    }
}

void test_queue__every_kind_of_order__comes_out_sorted(void **)
{
    constexpr int kCount = 3000;
    Random random(5);
    for (int kind = 0; kind < 5; kind++) {
        Bench b;
        for (int i = 0; i < kCount; i++) {
            const int when[] = {i, kCount - i, i % 2 ? i : kCount - i, i % 7,
                                static_cast<int>(random.below(kCount))};
            b.link(b.fresh(), seconds(1 + when[kind]));
        }
        assert_true(b.queue.is_valid());
        b.drain_in_order();
    }
}

// ---- the heap alone

struct HeapItem : tev::HeapNode {};

int depth_of(const tev::HeapNode *n)
{
    return n == nullptr ? 0 : 1 + std::max(depth_of(n->child_[0]), depth_of(n->child_[1]));
}

// E9: no order of times makes the tree deeper than its size demands.
void test_heap__any_order__stays_complete(void **)
{
    constexpr size_t kCount = 1000; // 10 levels
    for (int kind = 0; kind < 3; kind++) {
        tev::TimerHeap heap;
        std::vector<std::unique_ptr<HeapItem>> items;
        for (size_t i = 0; i < kCount; i++) {
            items.push_back(std::make_unique<HeapItem>());
            const auto when = static_cast<time_t>(kind == 0   ? i
                                                  : kind == 1 ? kCount - i
                                                              : (i * 7919) % kCount);
            items.back()->deadline_ = {{when, 0}, i};
            heap.link(*items.back());
        }
        assert_int_equal(depth_of(heap.earliest()), 10);
        assert_true(heap.is_valid());
        for (size_t i = 0; i < kCount; i++) {
            heap.unlink(*items[(i * 7) % kCount]);
            assert_true(heap.is_valid());
        }
        assert_true(heap.empty());
    }
}

// E2: a node that was below another one is the root of a heap that is begun anew.
void test_heap__node_is_linked_again__knows_nothing_of_its_old_place(void **)
{
    tev::TimerHeap heap;
    tev::HeapNode a, b, c;
    a.deadline_ = {{1, 0}, 1};
    b.deadline_ = {{3, 0}, 2};
    c.deadline_ = {{2, 0}, 3};
    heap.link(a);
    heap.link(b);
    heap.unlink(b);
    heap.unlink(a);
    assert_true(heap.empty());
    heap.link(b);
    heap.link(c);
    assert_ptr_equal(heap.earliest(), &c);
    assert_true(heap.is_valid());
    assert_int_equal(heap.size(), 2);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_heap__node_is_linked_again__knows_nothing_of_its_old_place),
        cmocka_unit_test(test_queue__equal_times_in_run_and_heap__first_in_first_out),
        cmocka_unit_test(test_queue__zero_time__before_negative_and_positive),
        cmocka_unit_test(test_queue__linked_again_with_the_same_time__goes_last),
        cmocka_unit_test(test_queue__random_operations__agrees_with_a_sorted_model),
        cmocka_unit_test(test_queue__every_kind_of_order__comes_out_sorted),
        cmocka_unit_test(test_heap__any_order__stays_complete),
    };
    return cmocka_run_group_tests_name("timer_queue", tests, nullptr, nullptr);
}
