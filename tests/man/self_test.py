#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""
self_test.py SOURCE_DIR --build DIR: check_man.py has to find each kind of error.

Each case breaks a copy of one page, or of the header, and names the check that has to fail and the words of its
message.
"""

import argparse
import concurrent.futures
import pathlib
import shutil
import sys
import tempfile

import check_man

# (error, check, page, old text, new text, words of the message)
CASES = [
    ("a function without page", "names", "tevent_add_timer.3",
     ".Nm tevent_update_timer ,\n", "", "tevent_update_timer has no page"),
    ("a macro without page", "names", "tevent_fd_set_flags.3",
     ".Nm TEVENT_FD_READABLE ,\n", "", "TEVENT_FD_READABLE has no page"),
    ("a type without page", "names", "tevent_req_is_error.3",
     "tevent_req_received ,\n.Nm tevent_req_state", "tevent_req_received", "tevent_req_state has no page"),
    ("a page about nothing", "names", "tevent_wakeup_send.3",
     ".Nm tevent_wakeup_recv", ".Nm tevent_wakeup_recv ,\n.Nm tevent_wakeup_wait", "there is no tevent_wakeup_wait"),
    ("two pages about one thing", "names", "tevent_wakeup_send.3",
     ".Nm tevent_wakeup_recv", ".Nm tevent_wakeup_recv ,\n.Nm tevent_add_fd", "has a page already"),
    ("a page under a wrong name", "names", "tevent_wakeup_send.3",
     ".Nm tevent_wakeup_send ,\n.Nm tevent_wakeup_recv", ".Nm tevent_wakeup_recv ,\n.Nm tevent_wakeup_send",
     "not that of the file"),
    ("a constant not explained", "names", "tevent_req_is_error.3",
     ".It Dv TEVENT_REQ_INIT", ".It Dv TEVENT_REQ_", "TEVENT_REQ_INIT is not explained"),
    ("a section left out", "names", "tevent_add_fd.3",
     ".Sh OWNERSHIP", ".Sh CAVEATS", "no section OWNERSHIP"),
    ("a reference to nowhere", "names", "tevent_add_fd.3",
     ".Xr tevent_fd_set_tag 3", ".Xr tevent_fd_tag 3", "which does not exist"),
    ("a wrong release", "names", "tevent_add_timer.3",
     "appeared in 0.9.31", "appeared in 0.9.30", "tevent_update_timer is there from 0.9.31"),
    ("a wrong release for the rest", "names", "tevent_req_set_profile.3",
     "All of them appeared in 0.9.37", "All of them appeared in 0.9.36", "HISTORY says 0.9.36"),
    ("a wrong release in the header", "names", "tevent.h",
     "@since 0.9.31", "@since 0.9.30", "tevent_update_timer is there from 0.9.31"),
    ("a release left out in the header", "names", "tevent.h",
     " * @since 0.9.31\n", "", "the header says 0.9.9"),
    ("a macro that joined the header", "names", "tevent.h",
     "#define TEVENT_FD_READ 1", "#define TEVENT_FD_READ 1\n#define TEVENT_FD_URGENT 8", "TEVENT_FD_URGENT has no"),
    ("a listing too wide", "names", "tevent_compat.3",
     "\treturn event_loop_wait(ev);", "\treturn event_loop_wait(ev);" + " " * 50 + "/* */", "too wide"),

    ("a wrong type of an argument", "synopsis", "tevent_add_fd.3",
     '.Fa "int fd"', '.Fa "long fd"', "does not compile"),
    ("another name of an argument", "synopsis", "tevent_add_fd.3",
     '.Fa "int fd"', '.Fa "int descriptor"', "int descriptor"),
    ("a wrong type of a handler", "synopsis", "tevent_add_timer.3",
     '.Fa "struct timeval current_time"\n', "", "does not compile"),
    ("a wrong constant", "synopsis", "tevent_add_fd.3",
     "#define TEVENT_FD_ERROR 4", "#define TEVENT_FD_ERROR 8", "does not compile"),
    ("no include", "synopsis", "tevent_wakeup_send.3",
     ".In tevent.h\n", "", "does not compile"),
    ("a deprecated function without its switch", "synopsis", "tevent_loop_allow_nesting.3",
     '.Fd "#define TEVENT_DEPRECATED 1"\n', "", "does not compile"),
    ("a struct with its members out of order", "synopsis", "tevent_thread_call_depth_set_callback.3",
     "\ttevent_call_depth_callback_t cb;\n\tvoid *cb_private;\n",
     "\tvoid *cb_private;\n\ttevent_call_depth_callback_t cb;\n", "is not as in the header"),
    ("a wrong type of an undeclared function", "synopsis", "tevent_common_add_fd.3",
     ".Ft int\n.Fn tevent_common_wakeup_fd", ".Ft bool\n.Fn tevent_common_wakeup_fd", "does not compile"),
    ("a function that does not exist", "synopsis", "tevent_wakeup_send.3",
     ".Fn tevent_wakeup_recv \"", ".Fn tevent_wakeup_wait \"", "is not declared in the header"),

    ("a listing with a warning", "examples", "tevent_timeval_current.3",
     "struct timeval tv = ", "int unused;\n\tstruct timeval tv = ", "unused variable"),
    ("a program that fails", "examples", "tevent_create_immediate.3",
     "count == 10 ? 0 : 1", "count == 11 ? 0 : 1", "ends with 1"),
    ("a call of what is not exported", "examples", "tevent_wakeup_send.3",
     "int main(void)", "bool tevent_wakeup_wait(void);\nbool wait(void) { return tevent_wakeup_wait(); }\nint f(void)",
     "tevent_wakeup_wait, which is not exported"),
    ("no listing", "examples", "tevent_compat.3",
     ".Bd -literal\n#define", ".Bd -filled\n#define", "no example"),

    ("a macro of mdoc that does not exist", "lint", "tevent_add_fd.3",
     ".Sh DESCRIPTION", ".Sh DESCRIPTION\n.Zz", "unknown macro"),
    ("what only man finds", "lint", "tevent_add_fd.3",
     "watches", "watches " + "x" * 90, "can't break line"),
]


def run(case, source, build):
    what, check, page, old, new, words = case
    missing = check_man.missing_program(check)
    if missing:
        return f"skipped: {what}: {missing} is not installed"
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        for path in [source / "include/tevent.h", *(source / "docs/man").glob("*.[37]")]:
            shutil.copy(path, directory)
        text = (directory / page).read_text()
        if old not in text:
            return f"FAILED: {what}: {page} has no such text"
        (directory / page).write_text(text.replace(old, new, 1))
        found = check_man.faults(check, source=source, build=build, pages=directory, header=directory / "tevent.h",
                                 only=None if page == "tevent.h" else [page])
    if not any(words in fault for fault in found):
        return f"FAILED: {what}: not found, but {found}"
    return f"ok: {what}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    args = parser.parse_args()
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        outcomes = list(pool.map(lambda case: run(case, args.source, args.build), CASES))
    print("\n".join(outcomes))
    return 1 if any(outcome.startswith("FAILED") for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
