// SPDX-License-Identifier: LGPL-3.0-or-later

#include <algorithm>

#include "runner.hpp"

namespace diff {

namespace {

class Minimiser {
public:
    Minimiser(Runner &runner, const Script &program)
        : runner_(runner), program_(program), kind_(runner.difference(program))
    {
    }

    Script run()
    {
        size_t before;
        do {
            before = count_steps(program_) + sum_of_operands(program_);
            drop_steps(program_);
            drop_in_scripts(program_);
            simplify_operands(program_);
        } while (count_steps(program_) + sum_of_operands(program_) < before && tries_ < kMostTries);
        return program_;
    }

private:
    static constexpr int kMostTries = 4000;

    static size_t sum_of_operands(const Script &script)
    {
        size_t sum = 0;
        for (const Step &step : script) {
            for (const uint8_t operand : step.operands) {
                sum += operand;
            }
            sum += sum_of_operands(step.script);
        }
        return sum;
    }

    bool still_differs() { return ++tries_ < kMostTries && runner_.difference(program_) == kind_; }

    // `script` is the program or a part of it.
    void drop_steps(Script &script)
    {
        for (size_t chunk = std::max<size_t>(script.size() / 2, 1); chunk >= 1; chunk /= 2) {
            for (size_t at = 0; at < script.size();) {
                const Script whole = script;
                const size_t end = std::min(at + chunk, script.size());
                script.erase(script.begin() + static_cast<long>(at), script.begin() + static_cast<long>(end));
                if (!still_differs()) {
                    script = whole;
                    at += chunk;
                }
            }
        }
    }

    void drop_in_scripts(Script &script)
    {
        for (Step &step : script) {
            if (!step.script.empty()) {
                drop_steps(step.script);
                drop_in_scripts(step.script);
            }
        }
    }

    void simplify_operands(Script &script)
    {
        for (Step &step : script) {
            for (uint8_t &operand : step.operands) {
                const uint8_t before = operand;
                for (const int value : {0, 1, before / 16 * 8, before % 8}) {
                    const auto simpler = static_cast<uint8_t>(value);
                    if (simpler >= operand) {
                        continue;
                    }
                    const uint8_t kept = operand;
                    operand = simpler;
                    if (still_differs()) {
                        break;
                    }
                    operand = kept;
                }
            }
            simplify_operands(step.script);
        }
    }

    Runner &runner_;
    Script program_;
    std::string kind_;
    int tries_ = 0;
};

std::vector<std::string> lines_of(const std::string &log)
{
    std::vector<std::string> lines;
    for (size_t at = 0; at < log.size();) {
        const size_t end = log.find('\n', at);
        lines.push_back(log.substr(at, end - at));
        at = end == std::string::npos ? log.size() : end + 1;
    }
    return lines;
}

} // namespace

Script minimised(Runner &runner, const Script &program)
{
    return Minimiser(runner, program).run();
}

std::string side_by_side(const Outcome &ours, const Outcome &theirs)
{
    constexpr size_t kBefore = 40;
    constexpr size_t kAfter = 12;
    const std::vector<std::string> a = lines_of(ours.log);
    const std::vector<std::string> b = lines_of(theirs.log);
    size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at]) {
        at++;
    }
    std::string text;
    for (size_t i = at > kBefore ? at - kBefore : 0; i < at; i++) {
        text += "          " + a[i] + "\n";
    }
    for (size_t i = at; i < std::min(a.size(), at + kAfter); i++) {
        text += "ours    | " + a[i] + "\n";
    }
    for (size_t i = at; i < std::min(b.size(), at + kAfter); i++) {
        text += "theirs  | " + b[i] + "\n";
    }
    return text;
}

} // namespace diff
