// SPDX-License-Identifier: LGPL-3.0-or-later

// Intrusive doubly linked list.
//
// An object joins a list by inheriting ListNode<Tag>; the tag names the list,
// so that one object can be on several.  Linking and unlinking are O(1) and
// never allocate.  The list is circular with a sentinel: no end is special,
// and a node can leave without knowing its list.
//
// Invariant: next_ and prev_ are both null (not linked) or both not.

#pragma once

#include <cassert>

namespace tev {

template <class T, class Tag>
class List;

template <class Tag>
class ListNode {
public:
    constexpr ListNode() = default;
    ListNode(const ListNode &) = delete;
    ListNode &operator=(const ListNode &) = delete;

    bool is_linked() const { return next_ != nullptr; }

    void unlink()
    {
        assert(next_ != nullptr && prev_ != nullptr);
        prev_->next_ = next_;
        next_->prev_ = prev_;
        next_ = prev_ = nullptr;
    }

    // Takes other's position; other ends up unlinked.
    void take_place_of(ListNode &other)
    {
        assert(!is_linked() && other.is_linked());
        next_ = other.next_;
        prev_ = other.prev_;
        next_->prev_ = prev_->next_ = this;
        other.next_ = other.prev_ = nullptr;
    }

private:
    template <class T, class ListTag>
    friend class List;

    ListNode *next_ = nullptr;
    ListNode *prev_ = nullptr;
};

template <class T, class Tag>
class List {
public:
    using Node = ListNode<Tag>;

    constexpr List() { end_.next_ = end_.prev_ = &end_; }
    List(const List &) = delete;
    List &operator=(const List &) = delete;

    bool empty() const { return end_.next_ == &end_; }

    // Null when there is none.
    T *front() const { return object(end_.next_); }
    T *back() const { return object(end_.prev_); }
    T *next(T &t) const { return object(static_cast<Node &>(t).next_); }

    void push_front(T &t) { insert_before(*end_.next_, t); }
    void push_back(T &t) { insert_before(end_, t); }
    static void unlink(T &t) { static_cast<Node &>(t).unlink(); }

private:
    T *object(Node *n) const { return n == &end_ ? nullptr : static_cast<T *>(n); }

    static void insert_before(Node &where, Node &n)
    {
        assert(where.prev_ != nullptr && !n.is_linked());
        n.next_ = &where;
        n.prev_ = where.prev_;
        where.prev_->next_ = &n;
        where.prev_ = &n;
    }

    Node end_;
};

} // namespace tev
