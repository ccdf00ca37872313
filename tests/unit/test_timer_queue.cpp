// SPDX-License-Identifier: LGPL-3.0-or-later

// The timer queue and its heap: order against a plain sorted model, for many
// orders of linking, updating and unlinking.

#include "tests/unit/unit.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "src/timer/timer_queue.hpp"

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

    ~Bench()
    {
        for (Node *n : linked) {
            queue.unlink(*n);
        }
        queue.free_memory();
    }
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
        b.link(b.fresh(), seconds(20)); // the next ones have to join the heap
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

// E5: a node that is linked again comes after equal ones.
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

// E9: whatever the order of times, the heap keeps its order and no more memory than it needs (is_valid()
// checks both), also while nodes are unlinked anywhere.
void test_queue__any_order__stays_valid(void **)
{
    constexpr int kCount = 1000;
    for (int kind = 0; kind < 3; kind++) {
        Bench b;
        for (int i = 0; i < kCount; i++) {
            const int when[] = {i, kCount - i, (i * 7919) % kCount};
            b.link(b.fresh(), seconds(1 + when[kind]));
            assert_true(b.queue.is_valid());
        }
        for (int i = 0; i < kCount; i++) {
            b.unlink(b.nodes[static_cast<size_t>(i * 7 % kCount)].get());
            assert_true(b.queue.is_valid());
            b.check_earliest();
        }
        assert_true(b.queue.empty());
    }
}

// E2: times are not normalised, and none is too large for the order.
void test_queue__unusual_times__agree_with_a_sorted_model(void **)
{
    constexpr time_t kSecs[] = {INT64_MIN,       -5,       -1, 0, 1, (1LL << 43) - 1, 1LL << 43,
                                (1LL << 43) + 1, INT64_MAX};
    constexpr suseconds_t kMicros[] = {INT64_MIN,     -7,       0, 1, 999999, (1 << 20) - 1, 1 << 20,
                                       (1 << 20) + 5, INT64_MAX};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Random random(seed);
        Bench b;
        for (int i = 0; i < 300; i++) {
            b.link(b.fresh(),
                   {kSecs[random.below(std::size(kSecs))], kMicros[random.below(std::size(kMicros))]});
            assert_true(b.queue.is_valid());
        }
        b.drain_in_order();
    }
}

// E2: a node that is linked again has no trace of its old place.
void test_queue__node_is_linked_again__is_where_it_belongs(void **)
{
    Bench b;
    for (int i = 0; i < 20; i++) {
        b.link(b.fresh(), seconds(100 - i));
    }
    std::vector<Node *> all = b.linked;
    for (Node *n : all) {
        b.unlink(n);
    }
    assert_true(b.queue.empty());
    for (Node *n : all) {
        b.link(n, seconds(50 + n->id % 3));
        assert_true(b.queue.is_valid());
    }
    b.drain_in_order();
}

// E4: a node that is set aside is neither due nor lost.
void test_queue__set_aside__out_of_the_order_in_a_list(void **)
{
    Bench b;
    Node *first = b.fresh();
    Node *second = b.fresh();
    b.queue.link(*first, seconds(1));
    b.queue.link(*second, seconds(2));
    b.queue.set_aside(*first);
    assert_false(first->is_linked());
    assert_ptr_equal(b.queue.earliest(), second);
    b.queue.set_aside(*second);
    assert_true(b.queue.empty());
    assert_ptr_equal(b.queue.first_aside(), first);
    assert_ptr_equal(TimerQueue::next_aside(*first), second);
    b.queue.unlink(*first);
    assert_ptr_equal(b.queue.first_aside(), second);
    b.queue.unlink(*second);
    b.queue.unlink(*second); // its old place
    assert_null(b.queue.first_aside());
    b.queue.link(*first, seconds(3));
    assert_ptr_equal(b.queue.earliest(), first);
}

// W6: some are chosen, the others keep their order among equal times.
void test_queue__set_aside_if__takes_the_chosen_in_due_order(void **)
{
    Random random(11);
    Bench b;
    for (int i = 0; i < 200; i++) {
        b.link(b.fresh(), seconds(static_cast<int>(random.below(20))));
    }
    auto is_chosen = [](TimerNode &n) { return static_cast<Node &>(n).id % 3 == 0; };
    b.queue.set_aside_if(is_chosen);
    assert_true(b.queue.is_valid());
    size_t chosen = 0;
    const Node *before = nullptr;
    for (TimerNode *t = b.queue.first_aside(); t != nullptr; t = TimerQueue::next_aside(*t)) {
        const Node *n = static_cast<Node *>(t);
        assert_true(n->id % 3 == 0);
        assert_true(before == nullptr || model_less(before, n));
        before = n;
        chosen++;
    }
    assert_int_equal(chosen, 66);
    std::erase_if(b.linked, [](const Node *n) { return n->id % 3 == 0; });
    b.drain_in_order();
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_queue__equal_times_in_run_and_heap__first_in_first_out),
        cmocka_unit_test(test_queue__zero_time__before_negative_and_positive),
        cmocka_unit_test(test_queue__linked_again_with_the_same_time__goes_last),
        cmocka_unit_test(test_queue__random_operations__agrees_with_a_sorted_model),
        cmocka_unit_test(test_queue__every_kind_of_order__comes_out_sorted),
        cmocka_unit_test(test_queue__any_order__stays_valid),
        cmocka_unit_test(test_queue__unusual_times__agree_with_a_sorted_model),
        cmocka_unit_test(test_queue__node_is_linked_again__is_where_it_belongs),
        cmocka_unit_test(test_queue__set_aside__out_of_the_order_in_a_list),
        cmocka_unit_test(test_queue__set_aside_if__takes_the_chosen_in_due_order),
    };
    return cmocka_run_group_tests_name("timer_queue", tests, nullptr, nullptr);
}
