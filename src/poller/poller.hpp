// SPDX-License-Identifier: LGPL-3.0-or-later

// Poller: one way of waiting for descriptors.  The whole contract of an implementation.
//
// A poller keeps what the kernel knows (the registrations) equal to what is requested of
// each Watch.  It knows no events and no handlers.  It is used by one thread, in this order:
//
//   open()     begins, or begins again, without registrations
//   update()   makes the registrations equal to the requests
//   wait()     blocks.  It reads no watch, so other threads may change watches
//              meanwhile (under a lock of their program's); the next update() sees that
//   result()   returns what the wait found: one watch at most, with its state at the
//              time of the wait
//   close()    ends the use; open() may follow
//
// remove() may come at any time.  It is the one change that reaches the kernel at once: the
// number may be closed next, and mean another file.
//
// The Multiplexer owns the watches and the list of those whose request and registration
// differ.  Another poller (kqueue, say) is one more class that meets this concept, and one
// more branch in Multiplexer::with_poller().

#pragma once

#include <concepts>
#include <cstdint>

#include "src/poller/watch_table.hpp"

namespace tev {

using WatchList = List<Watch, PendingChange>;

// errno says why, except after kDone.
enum class UpdateResult : uint8_t {
    kDone,
    kNoMemory,            // nothing is lost; what was not done is still pending
    kWakeupNotOpen,       // the program has closed the wake-up's number
    kRegistrationRefused, // this poller cannot watch the descriptor
    kChangeRefused,       // the same for a descriptor that was registered
};

enum class WaitResult : uint8_t { kReady, kTimeLimit, kInterrupted, kFailed };

// What a wait found: a watch, the wake-up, or both.
struct Ready {
    Watch *watch = nullptr;
    uint8_t readiness = 0; // set of Readiness
    bool woken = false;
    // A registration reported that no watch stands for and that cannot be removed: the
    // poller has to begin again.
    bool stale = false;
};

template <class P>
concept Poller = requires(P poller, const P &constant, WatchTable &watches, WatchList &list, Watch &watch,
                          int number)
{
    requires std::constructible_from<P, WatchTable &>;

    // True: the registrations live in the kernel.  A forked child shares them with its parent, so
    // it opens its own; and a registration may outlive the number that it was made for.
    {
        P::kKernelKeepsRegistrations
        } -> std::convertible_to<bool>;

    // Requires: no watch counts as registered.  False: not available, errno says why.
    {
        poller.open()
        } -> std::same_as<bool>;
    // Allowed when it is not open.
    poller.close();

    // False: update() has something to do although no watch is pending.
    {
        constant.is_up_to_date()
        } -> std::same_as<bool>;
    // Takes watches off the first list as it registers them; those whose number is not
    // open move to the second.
    {
        poller.update(list, list)
        } -> std::same_as<UpdateResult>;
    poller.remove(watch);
    // This watch has taken over number and registration of another one.
    poller.moved(watch);

    // Milliseconds; -1 is for ever.  errno says why it failed.
    {
        poller.wait(number)
        } -> std::same_as<WaitResult>;
    // Requires: wait() returned kReady.
    {
        poller.result()
        } -> std::same_as<Ready>;

    // The descriptor that ends a wait from elsewhere; -1: none.  Comes before the first wait,
    // or after the kernel has lost the previous one.
    poller.set_wakeup_fd(number);
};

} // namespace tev
