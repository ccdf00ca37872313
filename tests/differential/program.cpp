// SPDX-License-Identifier: LGPL-3.0-or-later

#include "program.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "rooms.hpp"

namespace diff {

namespace {

struct Reader {
    const uint8_t *at;
    const uint8_t *end;
    int steps = 0;

    uint8_t next() { return at < end ? *at++ : 0; }
};

Step read_step(Reader &reader, int depth)
{
    Step step;
    reader.steps++;
    step.opcode = reader.next();
    const Op *op = op_of(step.opcode);
    if (op == nullptr) {
        return step;
    }
    for (int i = 0; i < operand_count(*op); i++) {
        step.operands[i] = reader.next();
    }
    if (op->has_script) {
        int length = reader.next() % (kLongestScript + 1);
        while (length-- > 0 && depth < kDeepestScript && reader.steps < kMostSteps) {
            step.script.push_back(read_step(reader, depth + 1));
        }
    }
    return step;
}

void write_step(const Step &step, std::vector<uint8_t> &bytes)
{
    bytes.push_back(step.opcode);
    const Op *op = op_of(step.opcode);
    if (op == nullptr) {
        return;
    }
    bytes.insert(bytes.end(), step.operands, step.operands + operand_count(*op));
    if (op->has_script) {
        bytes.push_back(static_cast<uint8_t>(step.script.size()));
        for (const Step &s : step.script) {
            write_step(s, bytes);
        }
    }
}

struct Random {
    uint64_t state;

    uint64_t next()
    {
        state += 0x9e3779b97f4a7c15;
        uint64_t x = state;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }
    uint32_t below(uint32_t n) { return static_cast<uint32_t>(next() % n); }
};

// Opcodes, each as often as its weight says.
const std::vector<uint8_t> &weighted_opcodes()
{
    static const std::vector<uint8_t> all = [] {
        std::vector<uint8_t> opcodes;
        for (int opcode = 0; opcode < 256; opcode++) {
            if (const Op *op = op_of(static_cast<uint8_t>(opcode))) {
                opcodes.insert(opcodes.end(), op->weight, static_cast<uint8_t>(opcode));
            }
        }
        return opcodes;
    }();
    return all;
}

Step random_step(Random &random, int depth)
{
    Step step;
    step.opcode = weighted_opcodes()[random.below(static_cast<uint32_t>(weighted_opcodes().size()))];
    const Op &op = *op_of(step.opcode);
    for (int i = 0; i < operand_count(op); i++) {
        step.operands[i] = static_cast<uint8_t>(random.next());
    }
    if (op.has_script && depth < kDeepestScript) {
        uint32_t length = random.below(depth == 0 ? 5 : 3);
        while (length-- > 0) {
            step.script.push_back(random_step(random, depth + 1));
        }
    }
    return step;
}

std::string text_of(const Step &step, int indent)
{
    std::string text(static_cast<size_t>(indent) * 2, ' ');
    const Op *op = op_of(step.opcode);
    if (op == nullptr) {
        return text + "nothing\n";
    }
    text += op->name;
    text += "(";
    const char *name = op->operands;
    for (int i = 0; i < operand_count(*op); i++) {
        text += i == 0 ? "" : ", ";
        while (*name != '\0' && *name != ' ') {
            text += *name++;
        }
        name += *name == ' ';
        text += " = " + std::to_string(step.operands[i]);
    }
    text += ")";
    if (step.script.empty()) {
        return text + ";\n";
    }
    return text + " {\n" + to_text(step.script, indent + 1) +
           std::string(static_cast<size_t>(indent) * 2, ' ') + "}\n";
}

} // namespace

const Op *op_of(uint8_t opcode)
{
    const size_t room = opcode / kOpsPerRoom;
    const size_t op = opcode % kOpsPerRoom;
    return room < kRoomCount && op < kRooms[room]->count ? &kRooms[room]->ops[op] : nullptr;
}

int operand_count(const Op &op)
{
    int count = op.operands[0] != '\0';
    for (const char *c = op.operands; *c != '\0'; c++) {
        count += *c == ' ';
    }
    return count;
}

Script decode(const uint8_t *bytes, size_t size)
{
    Reader reader = {bytes, bytes + size};
    Script program;
    while (reader.at < reader.end && reader.steps < kMostSteps) {
        program.push_back(read_step(reader, 0));
    }
    return program;
}

std::vector<uint8_t> encode(const Script &program)
{
    std::vector<uint8_t> bytes;
    for (const Step &step : program) {
        write_step(step, bytes);
    }
    return bytes;
}

Script generate(uint64_t seed)
{
    Random random = {seed * 0x2545f4914f6cdd1d + 1};
    random.next();
    Script program;
    Step first = random_step(random, 0);
    first.opcode = 0; // a context
    first.script.clear();
    program.push_back(first);
    const uint32_t length = 40 + random.below(80);
    for (size_t steps = 1; program.size() < length && steps < kMostSteps - 60;) {
        program.push_back(random_step(random, 0));
        steps += count_steps({program.back()});
    }
    return program;
}

size_t count_steps(const Script &program)
{
    size_t count = 0;
    for (const Step &step : program) {
        count += 1 + count_steps(step.script);
    }
    return count;
}

std::string to_text(const Script &program, int indent)
{
    std::string text;
    for (const Step &step : program) {
        text += text_of(step, indent);
    }
    return text;
}

std::string to_hex(const Script &program)
{
    std::string hex;
    for (const uint8_t byte : encode(program)) {
        char digits[3];
        snprintf(digits, sizeof(digits), "%02x", byte);
        hex += digits;
    }
    return hex;
}

bool from_hex(const char *hex, Script *program)
{
    std::vector<uint8_t> bytes;
    for (const char *at = hex; *at != '\0'; at += 2) {
        if (!isxdigit(static_cast<unsigned char>(at[0])) || !isxdigit(static_cast<unsigned char>(at[1]))) {
            return false;
        }
        const char digits[3] = {at[0], at[1], '\0'};
        bytes.push_back(static_cast<uint8_t>(strtoul(digits, nullptr, 16)));
    }
    *program = decode(bytes.data(), bytes.size());
    return true;
}

} // namespace diff
