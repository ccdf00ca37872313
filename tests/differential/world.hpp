// SPDX-License-Identifier: LGPL-3.0-or-later

// The world in which one sequence runs: slots for objects, and the state that
// a caller has to track for each to avoid undefined use.
//
// A slot is taken as long as the object's memory exists: a small talloc child
// of the object, its lifeline, reports its end.  An object that was freed in
// its own handler is `dead` until then.  An object that must not be freed for
// the moment (a context whose loop runs, a request inside its cleanup
// function) is pinned; free_object() looks for pinned objects below the one
// that it frees.
//
// Handlers get a Hook, which lives until the sequence ends.

#pragma once

#include <deque>
#include <vector>

#include "api.hpp"
#include "known.hpp"
#include "log.hpp"
#include "rooms.hpp"
#include "virtual_os.hpp"

namespace diff {

enum class Kind : uint8_t {
    kContext,
    kFd,
    kTimer,
    kImmediate,
    kSignal,
    kRequest,
    kQueue,
    kEntry,
    kThreaded,
    kProxy,
    kProfile,
    kBox
};

constexpr int kNone = -1;

struct Object {
    Kind kind;
    char name[8];
    void *ptr = nullptr;
    bool taken = false;
    bool dead = false;
    int running = 0;        // its handlers on the stack
    bool reentered = false; // more than one of them at a time, since the outermost
    int pinned = 0;
    int ctx = kNone;     // slot of the context that it belongs to
    int attached = 0;    // ATTACH traces less DETACH ones
    uint32_t serial = 0; // incremented for each object in this slot

    bool is_usable() const { return taken && !dead; }
};

struct ContextSlot : Object {
    bool is_wrapper = false;
    int main = kNone; // of a wrapper
    int backend = 0;
    bool nesting_allowed = false;
    bool has_hook = false;
    bool had_proxy = false;
    bool wakeup_unknown = false; // whether there is one
    bool moved_to_poll = false;  // a regular file was added
    bool traced_always = false;  // from the beginning, every kind
    bool must_not_wait = false;  // C13, for one turn
    int loops = 0;               // on the stack
    int uses = 0;                // push_use
    uint32_t wait_timeout = 30;
    tevent_timer *guard = nullptr;
};

struct FdSlot : Object {
    int end = 0;
    bool auto_close = false;
    bool is_common = false; // tevent_common_add_fd
};

struct TimerSlot : Object {
    bool is_zero = false;
};

struct ImmediateSlot : Object {
    bool scheduled = false;
    bool on_way = false;      // from another thread
    bool tag_unknown = false; // D8
    const struct Hook *hook = nullptr;
};

struct SignalSlot : Object {
    int signum = 0;
    int sa_flags = 0;
    int which = 0;              // of the signals
    bool untold = false;        // of an arrival
    bool raised_beside = false; // in another one's handler: an earlier arrival may be reported to it first
};

struct RequestSlot : Object {
    bool made_by_library = false; // wakeup, queue wait: the library finishes it
    void *state = nullptr;        // null: received
    int deferred_on = kNone;      // it keeps a pointer to that context
    int home = kNone;             // D12: where it was posted first
    size_t depth = 0;             // O6
    bool named_callback = false;
    int queue_wait = kNone; // the queue that it waits for
    const struct Hook *cleanup = nullptr;
    const struct Hook *cancel = nullptr;
};

struct QueueSlot : Object {
    std::vector<int> entries; // slots, the head first
    bool stopped = false;
    bool trigger_pending = false; // D9
    bool mixed = false;           // D7
    int home = kNone;             // D12: the context of its first entry
};

struct EntrySlot : Object {
    int queue = kNone;
    int request = kNone;
    bool triggered = false;
    bool is_bound = false; // has its lifeline
};

struct ProxySlot : Object {
    int in_flight = 0;
};

struct ThreadedSlot : Object {};
struct ProfileSlot : Object {
    bool appended = false;
};
struct BoxSlot : Object {};

// A handler's data: its object, and its script.
struct Hook {
    Object *object;
    uint32_t serial;
    const Script *script;
    int detail;
};

struct World {
    TALLOC_CTX *root = nullptr;
    ContextSlot contexts[5]; // 3, 4: wrappers
    FdSlot fds[6];
    TimerSlot timers[6];
    ImmediateSlot immediates[6];
    SignalSlot signals[5];
    RequestSlot requests[8];
    QueueSlot queues[2];
    EntrySlot entries[8];
    ThreadedSlot threadeds[2];
    ProxySlot proxies[2];
    ProfileSlot profiles[4];
    BoxSlot boxes[2];

    std::deque<Hook> hooks;
    std::vector<std::string> detached; // lines, while `cutting`
    int cutting = 0;
    int signal_infos[4] = {kNone, kNone, kNone, kNone};
    std::vector<int> loops; // slots of the contexts whose loops run, innermost last
    std::vector<int> uses;  // slots of the wrappers and contexts pushed
    size_t uses_below = 0;  // those pushed before the running handler
    // A step calls its handler, not an arrival.
    const SignalSlot *invoked_signal = nullptr;
    RequestSlot *creating = nullptr;
    tevent_timer *poll_guard = nullptr;
    bool call_flow = false;
    bool resetting_depth = false;
    Object *adding = nullptr; // its trace comes before its pointer is known
    const Script *during_wait = nullptr;
    bool wait_is_interrupted = false;
    std::vector<std::pair<const ContextSlot *, int64_t>> deadlines; // of all timers ever, with their owners
    int steps_left = 0;
    int handler_calls = 0;
    int waits = 0;
    int depth = 0;
    int in_wait = 0;
    int in_until = 0; // loop_until() calls that run
    int in_cleanup = 0;
    int draining = 0;
    int forks_left = 0;
    int threads_left = 0;
    bool in_child = false;
    bool signals_raised = false;
    int freeing_wrapper = kNone;
    int no_wait_level = kNone; // C13: the innermost loop of these must not wait
    bool would_have_waited = false;
};

extern World *g_world;

// ---- running ----------------------------------------------------------------------------------------------

// Runs the program, from an empty world to an empty world.
void run_sequence(const Script &program);
void run_script(const Script *script);
// A shared counter.
void open_steps(uint64_t *counter);
// Runs after each step, in handlers too.
void after_each_step(void (*check)());
Hook *new_hook(Object *object, const Script *script, int detail = 0);

// Around a handler call of the object.
class HandlerCall {
public:
    explicit HandlerCall(const Hook &hook);
    ~HandlerCall();

private:
    const Hook &hook_;
    size_t outer_uses_below_;
};

// Around a handler that is called without a loop: its context stays meanwhile.
class DirectCall {
public:
    explicit DirectCall(ContextSlot *main) : main_(main)
    {
        if (main_ != nullptr) {
            main_->pinned++;
        }
    }
    ~DirectCall()
    {
        if (main_ != nullptr) {
            main_->pinned--;
        }
    }
    DirectCall(const DirectCall &) = delete;

private:
    ContextSlot *main_;
};

// ---- objects ----------------------------------------------------------------------------------------------

template <typename Slot, size_t N>
Slot *usable(Slot (&slots)[N], uint8_t from)
{
    for (size_t i = 0; i < N; i++) {
        Slot &slot = slots[(from + i) % N];
        if (slot.is_usable()) {
            return &slot;
        }
    }
    return nullptr;
}

template <typename Slot, size_t N>
Slot *vacant(Slot (&slots)[N], uint8_t from)
{
    for (size_t i = 0; i < N; i++) {
        Slot &slot = slots[(from + i) % N];
        if (!slot.taken) {
            return &slot;
        }
    }
    return nullptr;
}

template <typename Slot, size_t N>
Slot *find(Slot (&slots)[N], const void *ptr)
{
    for (Slot &slot : slots) {
        if (slot.taken && slot.ptr == ptr) {
            return &slot;
        }
    }
    return nullptr;
}

template <typename Slot, size_t N>
int index_of(const Slot (&slots)[N], const Object *object)
{
    return static_cast<int>(static_cast<const Slot *>(object) - slots);
}

// Takes the slot, before the object is created.
void reserve(Object &object, int ctx);
// The object is created (null: it failed, the slot is free again).
bool made(Object &object, void *ptr);
// talloc_free if that is allowed now; false: left out.
bool free_object(Object &object);
bool has_pinned_below(const void *ptr);
// The same for all events of a context, wherever they are in the talloc tree.
bool may_be_cut_loose(const ContextSlot &ctx);

inline tevent_context *pointer(const ContextSlot &ctx)
{
    return static_cast<tevent_context *>(ctx.ptr);
}
inline tevent_fd *pointer(const FdSlot &fd)
{
    return static_cast<tevent_fd *>(fd.ptr);
}
inline tevent_timer *pointer(const TimerSlot &timer)
{
    return static_cast<tevent_timer *>(timer.ptr);
}
inline tevent_immediate *pointer(const ImmediateSlot &im)
{
    return static_cast<tevent_immediate *>(im.ptr);
}
inline tevent_signal *pointer(const SignalSlot &signal)
{
    return static_cast<tevent_signal *>(signal.ptr);
}
inline tevent_req *pointer(const RequestSlot &req)
{
    return static_cast<tevent_req *>(req.ptr);
}
inline tevent_queue *pointer(const QueueSlot &queue)
{
    return static_cast<tevent_queue *>(queue.ptr);
}
inline tevent_queue_entry *pointer(const EntrySlot &e)
{
    return static_cast<tevent_queue_entry *>(e.ptr);
}

// ---- contexts ---------------------------------------------------------------------------------------------

// A context that events can be added to: a main context, or a wrapper with one.
ContextSlot *context_for_events(uint8_t from);
ContextSlot *main_context(uint8_t from);
ContextSlot *main_of(ContextSlot &ctx); // null if it is freed
ContextSlot *main_of(const Object &event);
const char *name_of_context(const tevent_context *ev);
int slot_of_context(const ContextSlot &ctx);

// D12: one of the library's own immediates would move to or from a wrapper.  Sets `home` the first time.
bool changes_home(int *home, const ContextSlot &ctx);

// A talloc parent for a new object, null: its default.
void *parent(uint8_t choice, const char **name);
// The state of a request, for subrequests; null: none.
void *state_of_request(uint8_t from, const RequestSlot **slot);

// ---- rooms ------------------------------------------------------------------------------------------------

// Each room's actions when an object is freed, and at both ends of a sequence.
void start_contexts();
void start_descriptors();
void context_gone(ContextSlot &ctx);
void fd_gone(FdSlot &fd);
void request_gone(RequestSlot &req);
void queue_gone(QueueSlot &queue);
void entry_gone(EntrySlot &entry);
void proxy_gone(ProxySlot &proxy);

bool in_signal_handler();
// A wrapper that is in use, by a handler of its own too, whose handlers the loop could run.  A turn runs the
// signal handlers of all contexts.
bool has_pushed_wrapper(const ContextSlot &main);
void stop_call_flow();
bool is_shared(int fd);
bool any_fd_is_shared();
bool shares_an_fd(const ContextSlot &wrapper);
bool free_context(ContextSlot &ctx);
// Pops the newest use.
void free_wrapper_uses();
void set_traces(ContextSlot &ctx, int bits);
void set_debug(ContextSlot &ctx, int choice);
void take_aborts();
void say_detached();
void accept_all(ContextSlot &ctx); // immediates that other threads have handed over
// D11: the same if an immediate is on its way to this loop, before the context is freed.
void take_over_first(ContextSlot &ctx);
void set_guard(ContextSlot &ctx, uint8_t choice);
// Frees everything that keeps the loop running for ever; false: part of it is still in use.
bool drain(ContextSlot &ctx);
void start_signals();
void work_off_signals();
// The running handler belongs to another event of the signal.
bool is_beside_running(const SignalSlot &signal);
// An arrival may still have to be reported to an event of that signal.
bool infos_wait(int which);
void flush_signals();
vos::Meanwhile act_during_wait();
bool must_not_wait();
int on_idle(int timeout_ms);
timeval time_of(const ContextSlot *main, uint8_t choice);
// A time for a timer of this context, from now.
timeval in_us(const ContextSlot *main, int64_t us);

// A location inside the library is shown as such (D2).
const char *shown_location(const char *location);

// A failed expectation about our library, not in the other's log: shows as a difference.
void expect(bool condition, const char *what);

} // namespace diff
