// SPDX-License-Identifier: LGPL-3.0-or-later

// The intrusive list: order, leaving from anywhere, being on two lists.

#include "tests/unit/unit.hpp"

#include "src/base/list.hpp"

namespace {

struct Red;
struct Blue;

struct Item : tev::ListNode<Red>, tev::ListNode<Blue> {
    explicit Item(int n) : number(n) {}
    int number;
};

using RedList = tev::List<Item, Red>;
using BlueList = tev::List<Item, Blue>;

template <class L>
int digits(const L &list)
{
    int all = 0;
    for (Item *i = list.front(); i != nullptr; i = list.next(*i)) {
        all = all * 10 + i->number;
    }
    return all;
}

void test_list__empty__has_no_ends(void **)
{
    RedList list;
    assert_true(list.empty());
    assert_null(list.front());
    assert_null(list.back());
}

void test_list__pushed_at_both_ends__keeps_the_order(void **)
{
    RedList list;
    Item one(1), two(2), three(3);
    list.push_back(two);
    list.push_back(three);
    list.push_front(one);
    assert_int_equal(digits(list), 123);
    assert_int_equal(list.back()->number, 3);
}

void test_list__unlinked_in_the_middle_and_at_the_ends__closes_up(void **)
{
    RedList list;
    Item one(1), two(2), three(3), four(4);
    for (Item *i : {&one, &two, &three, &four}) {
        list.push_back(*i);
    }
    list.unlink(two);
    assert_false(static_cast<tev::ListNode<Red> &>(two).is_linked());
    assert_int_equal(digits(list), 134);
    list.unlink(one);
    list.unlink(four);
    assert_int_equal(digits(list), 3);
    list.unlink(three);
    assert_true(list.empty());
}

void test_list__item_on_two_lists__leaves_each_alone(void **)
{
    RedList red;
    BlueList blue;
    Item one(1), two(2);
    red.push_back(one);
    red.push_back(two);
    blue.push_back(two);
    blue.push_back(one);
    red.unlink(one);
    assert_int_equal(digits(red), 2);
    assert_int_equal(digits(blue), 21);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_list__empty__has_no_ends),
        cmocka_unit_test(test_list__pushed_at_both_ends__keeps_the_order),
        cmocka_unit_test(test_list__unlinked_in_the_middle_and_at_the_ends__closes_up),
        cmocka_unit_test(test_list__item_on_two_lists__leaves_each_alone),
    };
    return cmocka_run_group_tests_name("list", tests, nullptr, nullptr);
}
