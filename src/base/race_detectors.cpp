// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/base/race_detectors.hpp"

#if __has_include(<valgrind/helgrind.h>) && __has_include(<valgrind/drd.h>)
#define TEVENT_WITH_VALGRIND 1
#include <valgrind/drd.h>
#include <valgrind/helgrind.h>
#else
#define TEVENT_WITH_VALGRIND 0
#endif

// NOLINTBEGIN(readability-identifier-naming): ThreadSanitizer's names
extern "C" [[gnu::weak]] void __tsan_acquire(void *);
extern "C" [[gnu::weak]] void __tsan_release(void *);
// NOLINTEND(readability-identifier-naming)

namespace tev::race_detectors {

namespace {

bool thread_sanitizer_is_present()
{
    return __tsan_acquire != nullptr && __tsan_release != nullptr;
}

// Not valgrind's other tools: they count instructions or look at memory.
bool valgrinds_race_detector_is_present()
{
#if TEVENT_WITH_VALGRIND
    const char byte = 0; // helgrind alone finds it addressable
    const auto addressable = VALGRIND_DO_CLIENT_REQUEST_EXPR(0, _VG_USERREQ__HG_GET_ABITS, &byte, 0, 1, 0, 0);
    return addressable == 1 || DRD_GET_VALGRIND_THREADID != 0;
#else
    return false;
#endif
}

[[gnu::constructor(101)]] void look_for_tools()
{
    g_present = thread_sanitizer_is_present() || valgrinds_race_detector_is_present();
}

} // namespace

constinit bool g_present = false;

// helgrind.h and drd.h give the same names to different requests, so the requests
// themselves stand here; each tool ignores those of the other.

void report_release(const void *object)
{
    auto *address = const_cast<void *>(object);
    if (thread_sanitizer_is_present()) {
        __tsan_release(address);
    }
#if TEVENT_WITH_VALGRIND
    DO_CREQ_v_W(_VG_USERREQ__HG_USERSO_SEND_PRE, void *, address);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_ANNOTATE_HAPPENS_BEFORE, address, 0, 0, 0, 0);
#endif
}

void report_acquire(const void *object)
{
    auto *address = const_cast<void *>(object);
    if (thread_sanitizer_is_present()) {
        __tsan_acquire(address);
    }
#if TEVENT_WITH_VALGRIND
    DO_CREQ_v_W(_VG_USERREQ__HG_USERSO_RECV_POST, void *, address);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_ANNOTATE_HAPPENS_AFTER, address, 0, 0, 0, 0);
#endif
}

void report_synchronisation([[maybe_unused]] const void *object, [[maybe_unused]] size_t size)
{
#if TEVENT_WITH_VALGRIND
    DO_CREQ_v_WW(_VG_USERREQ__HG_ARANGE_MAKE_UNTRACKED, const void *, object, unsigned long, size);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_START_SUPPRESSION, object, size, 0, 0, 0);
#endif
}

} // namespace tev::race_detectors
