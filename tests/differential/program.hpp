// SPDX-License-Identifier: LGPL-3.0-or-later

// A sequence of calls as a program: steps, and scripts of steps that run
// inside the handlers which a step sets up.
//
// Programs are byte strings: an opcode, its operands, and, if the operation
// takes a script, the number of its steps and the steps.  Every byte string is
// a program, and encode(decode(x)) is the same program again; the generator,
// the minimiser and the fuzzer all use this encoding.
//
// An opcode is a room's number times kOpsPerRoom plus the operation's place in
// that room's table, so recorded programs keep their meaning as long as
// operations are only added at the end of a table.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace diff {

struct Step;
using Script = std::vector<Step>;

struct Step {
    uint8_t opcode = 0;
    uint8_t operands[6] = {};
    Script script;

    uint8_t operator[](int i) const { return operands[i]; }
};

struct Op {
    const char *name;
    const char *operands; // their names, one word each, at most six
    bool has_script;
    uint8_t weight; // the generator's frequency for it
    void (*run)(const Step &);
    // May happen while a loop waits: it does not call the loop's library in this thread.
    bool outside = false;
};

struct Room {
    const Op *ops;
    size_t count;
};

constexpr int kOpsPerRoom = 20;
constexpr int kLongestScript = 6;
constexpr int kDeepestScript = 3;
constexpr int kMostSteps = 400;

// Null: no such operation, the step does nothing.
const Op *op_of(uint8_t opcode);
int operand_count(const Op &op);

Script decode(const uint8_t *bytes, size_t size);
std::vector<uint8_t> encode(const Script &program);
Script generate(uint64_t seed);
size_t count_steps(const Script &program);
// One step a line.
std::string to_text(const Script &program, int indent = 0);
std::string to_hex(const Script &program);
bool from_hex(const char *hex, Script *program);

} // namespace diff
