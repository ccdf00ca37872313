// SPDX-License-Identifier: LGPL-3.0-or-later

// A system call that no other library can replace.
//
// Signal handlers and code that may run right after fork() use it: libc's
// functions can be interposed by preloaded libraries (cwrap, torsocks, fakeroot),
// which take locks in them.  The interrupted thread may hold such a lock.
//
// The result is the kernel's: -errno on failure.  errno is not touched.
// At most four arguments.

#pragma once

#include <sys/syscall.h>

#if !defined(__x86_64__) && !defined(__i386__) && !defined(__aarch64__) && !defined(__arm__) &&              \
    !defined(__riscv) && !defined(__powerpc64__) && !defined(__s390x__) && !defined(__mips64) &&             \
    !defined(__loongarch64)
#include <cerrno>
#include <unistd.h>
#endif

namespace tev {

// NOLINTBEGIN(hicpp-no-assembler): no other way leaves libc out

#if defined(__x86_64__)

inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    long result = number;
    register long r10 asm("r10") = d;
    asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}

#elif defined(__i386__)

inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    long result = number;
    asm volatile("int $0x80" : "+a"(result) : "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
    return result;
}

#elif defined(__aarch64__)

inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    register long x3 asm("x3") = d;
    asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

#elif defined(__arm__)

// r7 holds the number; in Thumb code it may be the frame pointer, so it is saved.
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    register long r0 asm("r0") = a;
    register long r1 asm("r1") = b;
    register long r2 asm("r2") = c;
    register long r3 asm("r3") = d;
    long saved;
    asm volatile("mov %[saved], r7\n\t"
                 "mov r7, %[number]\n\t"
                 "svc 0\n\t"
                 "mov r7, %[saved]"
                 : "+r"(r0), [saved] "=&r"(saved)
                 : [number] "r"(number), "r"(r1), "r"(r2), "r"(r3)
                 : "memory");
    return r0;
}

#elif defined(__riscv)

inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    register long a7 asm("a7") = number;
    register long a0 asm("a0") = a;
    register long a1 asm("a1") = b;
    register long a2 asm("a2") = c;
    register long a3 asm("a3") = d;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3) : "memory");
    return a0;
}

#elif defined(__powerpc64__)

// The summary overflow bit of cr0 marks a failure.
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    register long r0 asm("r0") = number;
    register long r3 asm("r3") = a;
    register long r4 asm("r4") = b;
    register long r5 asm("r5") = c;
    register long r6 asm("r6") = d;
    asm volatile("sc\n\t"
                 "bns+ 1f\n\t"
                 "neg %1, %1\n"
                 "1:"
                 : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6)
                 :
                 : "memory", "cr0", "ctr", "xer", "r7", "r8", "r9", "r10", "r11", "r12");
    return r3;
}

#elif defined(__s390x__)

inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    register long r1 asm("1") = number;
    register long r2 asm("2") = a;
    register long r3 asm("3") = b;
    register long r4 asm("4") = c;
    register long r5 asm("5") = d;
    asm volatile("svc 0" : "+d"(r2) : "d"(r1), "d"(r3), "d"(r4), "d"(r5) : "memory");
    return r2;
}

#elif defined(__mips64)

// $7, the fourth argument, comes back non-zero on failure.
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    register long v0 asm("$2") = number;
    register long a0 asm("$4") = a;
    register long a1 asm("$5") = b;
    register long a2 asm("$6") = c;
    register long a3 asm("$7") = d;
    asm volatile("syscall"
                 : "+r"(v0), "+r"(a3)
                 : "r"(a0), "r"(a1), "r"(a2)
                 : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo",
                   "memory");
    return a3 != 0 && v0 > 0 ? -v0 : v0;
}

#elif defined(__loongarch64)

inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    register long a7 asm("$a7") = number;
    register long a0 asm("$a0") = a;
    register long a1 asm("$a1") = b;
    register long a2 asm("$a2") = c;
    register long a3 asm("$a3") = d;
    asm volatile("syscall 0"
                 : "+r"(a0)
                 : "r"(a7), "r"(a1), "r"(a2), "r"(a3)
                 : "$t0", "$t1", "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8", "memory");
    return a0;
}

#else

// A processor without its own lines above: libc's function, which can be interposed.
inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0)
{
    const int callers_errno = errno;
    long result = ::syscall(number, a, b, c, d);
    if (result == -1) {
        result = -errno;
    }
    errno = callers_errno;
    return result;
}

#endif

// NOLINTEND(hicpp-no-assembler)

} // namespace tev
