// SPDX-License-Identifier: LGPL-3.0-or-later

// differential --ours FILE --theirs FILE [--seconds N] [--count N] [--seed S] [--jobs N]
//              [--regressions DIR] [--replay HEX] [--verbose]
// differential --write-seeds DIR --count N [--seed S]
//
// Runs random sequences of calls on both libraries and compares the results,
// see README.md.  Exit status: 0 no difference, 1 a difference, 2 trouble.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fstream>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.hpp"

using namespace diff;

namespace {

constexpr size_t kBatch = 256;
constexpr int kMostJobs = 64;
// After so many sequences every function has been called; in a shorter run some may be missing.
constexpr uint64_t kEnoughForAllFunctions = 20000;

struct Options {
    const char *ours = nullptr;
    const char *theirs = nullptr;
    const char *replay = nullptr;
    const char *regressions = nullptr;
    const char *seeds = nullptr;
    double seconds = 60;
    uint64_t count = UINT64_MAX;
    uint64_t seed = 0;
    int jobs = 1;
    bool verbose = false;
};

double now()
{
    timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return static_cast<double>(ts.tv_sec) + static_cast<double>(ts.tv_nsec) * 1e-9;
}

bool parse(int argc, char **argv, Options *options)
{
    options->seed = static_cast<uint64_t>(time(nullptr)) * 1000003 + static_cast<uint64_t>(getpid());
    for (int i = 1; i < argc; i++) {
        const auto is = [&](const char *name) { return strcmp(argv[i], name) == 0 && i + 1 < argc; };
        if (is("--ours")) {
            options->ours = argv[++i];
        } else if (is("--theirs")) {
            options->theirs = argv[++i];
        } else if (is("--replay")) {
            options->replay = argv[++i];
        } else if (is("--regressions")) {
            options->regressions = argv[++i];
        } else if (is("--write-seeds")) {
            options->seeds = argv[++i];
        } else if (is("--seconds")) {
            options->seconds = atof(argv[++i]);
        } else if (is("--count")) {
            options->count = strtoull(argv[++i], nullptr, 10);
            options->seconds = 1e9;
        } else if (is("--seed")) {
            options->seed = strtoull(argv[++i], nullptr, 10);
        } else if (is("--jobs")) {
            options->jobs = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--verbose") == 0) {
            options->verbose = true;
        } else {
            return false;
        }
    }
    if (options->seeds != nullptr) {
        return options->count != UINT64_MAX;
    }
    return options->ours != nullptr && options->theirs != nullptr && options->jobs >= 1 &&
           options->jobs <= kMostJobs;
}

void report(Runner &runner, const Script &program)
{
    printf("%s\n%s", runner.difference(program).c_str(), to_text(program).c_str());
    const Outcome ours = runner.run(program, kOurs);
    const Outcome theirs = runner.run(program, kTheirs);
    if (ours.log != theirs.log || ours.status != 0) {
        printf("%s", side_by_side(ours, theirs).c_str());
    } else {
        const Outcome alone = runner.run(program, kOursAlone);
        printf("%s",
               side_by_side(alone, Outcome{0, alone.log.substr(0, alone.log.find("EXPECTED:"))}).c_str());
    }
    printf("--replay %s\n", to_hex(program).c_str());
}

int replay(Runner &runner, const Options &options, const char *hex, const char *name)
{
    Script program;
    if (!from_hex(hex, &program)) {
        fprintf(stderr, "%s: no hexadecimal string\n", name);
        return 2;
    }
    const std::string difference = runner.difference(program);
    if (options.verbose) {
        printf("%s%s", to_text(program).c_str(), runner.run(program, kOurs).log.c_str());
    }
    printf("%s: %s\n", name, difference.empty() ? "no difference" : difference.c_str());
    if (!difference.empty()) {
        report(runner, program);
    }
    return difference.empty() ? 0 : 1;
}

int replay_directory(Runner &runner, const Options &options)
{
    DIR *directory = opendir(options.regressions);
    if (directory == nullptr) {
        perror(options.regressions);
        return 2;
    }
    int worst = 0;
    while (const dirent *entry = readdir(directory)) {
        const std::string name = entry->d_name;
        if (name.size() < 4 || name.substr(name.size() - 4) != ".hex") {
            continue;
        }
        std::ifstream file(std::string(options.regressions) + "/" + name);
        std::string line;
        while (std::getline(file, line)) {
            if (!line.empty() && line[0] != '#') {
                worst = std::max(worst, replay(runner, options, line.c_str(), name.c_str()));
            }
        }
    }
    closedir(directory);
    return worst;
}

// Programs for the fuzzer to begin with.
int write_seeds(const Options &options)
{
    for (uint64_t i = 0; i < options.count; i++) {
        const std::vector<uint8_t> bytes = encode(generate(options.seed + i));
        std::ofstream file(std::string(options.seeds) + "/seed-" + std::to_string(i), std::ios::binary);
        file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        if (!file) {
            perror(options.seeds);
            return 2;
        }
    }
    return 0;
}

uint64_t seed_of(const Options &options, int job, uint64_t index)
{
    return options.seed + index * static_cast<uint64_t>(options.jobs) + static_cast<uint64_t>(job);
}

int run_job(const Options &options, const Api &ours, const Api &theirs, int job, Totals *totals)
{
    Runner runner(ours, theirs, options.verbose);
    const double end = now() + options.seconds;
    const uint64_t share = options.count / static_cast<uint64_t>(options.jobs);
    int status = 0;
    for (uint64_t first = 0; first < share && now() < end && status == 0; first += kBatch) {
        std::vector<Script> programs;
        for (uint64_t i = first; i < std::min(first + kBatch, share); i++) {
            programs.push_back(generate(seed_of(options, job, i)));
        }
        const int index = runner.first_difference(programs, first / kBatch % 4 == 0);
        if (index >= 0) {
            const uint64_t seed = seed_of(options, job, first + static_cast<uint64_t>(index));
            printf("difference with --seed %llu --count 1\n", static_cast<unsigned long long>(seed));
            const Script program = programs[static_cast<size_t>(index)];
            const std::string difference = runner.difference(program);
            printf("%s\n", difference.empty() ? "only after the sequences before it in its batch"
                                              : difference.c_str());
            fflush(stdout);
            report(runner, minimised(runner, program));
            status = 1;
        }
    }
    fflush(stdout);
    *totals = runner.totals();
    return status;
}

bool all_functions_called(const Totals &totals)
{
    bool all = true;
    for (int i = 0; i < kFunctionCount; i++) {
        const bool ours = totals.calls[kOurs][i] + totals.calls[kOursAlone][i] != 0;
        const bool theirs = totals.calls[kTheirs][i] != 0 || kFunctions[i].newer;
        if (!ours || !theirs) {
            printf("never called%s: %s\n", ours ? " in theirs" : "", kFunctions[i].name);
            all = false;
        }
    }
    return all;
}

void print_totals(const Totals &totals, double seconds, bool verbose)
{
    printf("%llu sequences, %llu of them on ours alone too; %llu steps; %.0f s\n",
           static_cast<unsigned long long>(totals.sequences), static_cast<unsigned long long>(totals.alone),
           static_cast<unsigned long long>(totals.steps), seconds);
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < kFunctionCount; i++) {
        if (verbose) {
            printf("  %-45s %10llu ours %10llu theirs\n", kFunctions[i].name,
                   static_cast<unsigned long long>(totals.calls[kOurs][i]),
                   static_cast<unsigned long long>(totals.calls[kTheirs][i]));
        }
        least = std::min(least, totals.calls[kOurs][i] + totals.calls[kOursAlone][i]);
    }
    printf("%d functions, each called at least %llu times\n", static_cast<int>(kFunctionCount),
           static_cast<unsigned long long>(least));
    printf("known differences, how often each was left out or masked:\n");
    for (size_t i = 0; i < kKnownCount; i++) {
        printf("  %10llu  %s\n", static_cast<unsigned long long>(totals.known[i]), kKnownTexts[i]);
    }
}

int run_jobs(const Options &options, const Api &ours, const Api &theirs)
{
    const double start = now();
    auto *totals = static_cast<Totals *>(mmap(nullptr, sizeof(Totals) * static_cast<size_t>(options.jobs),
                                              PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pid_t children[kMostJobs];
    printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
    fflush(stdout);
    for (int job = 0; job < options.jobs; job++) {
        children[job] = fork();
        if (children[job] == 0) {
            _exit(run_job(options, ours, theirs, job, &totals[job]));
        }
    }
    int result = 0;
    Totals sum;
    for (int job = 0; job < options.jobs; job++) {
        int status = 0;
        waitpid(children[job], &status, 0);
        result = status != 0 ? 1 : result;
        sum.add(totals[job]);
    }
    print_totals(sum, now() - start, options.verbose);
    if (result == 0 && sum.sequences >= kEnoughForAllFunctions && !all_functions_called(sum)) {
        result = 1;
    }
    return result;
}

} // namespace

int main(int argc, char **argv)
{
    Options options;
    Api ours;
    Api theirs;
    if (!parse(argc, argv, &options)) {
        fprintf(stderr,
                "usage: %s --ours FILE --theirs FILE [--seconds N] [--count N] [--seed S] [--jobs N]\n"
                "       [--regressions DIR] [--replay HEX] [--verbose]\n"
                "       %s --write-seeds DIR --count N [--seed S]\n",
                argv[0], argv[0]);
        return 2;
    }
    if (options.seeds != nullptr) {
        return write_seeds(options);
    }
    for (const char *error : {load(options.ours, true, &ours), load(options.theirs, false, &theirs)}) {
        if (error != nullptr) {
            fprintf(stderr, "%s\n", error);
            return 2;
        }
    }
    if (options.replay != nullptr || options.regressions != nullptr) {
        Runner runner(ours, theirs, options.verbose);
        const int result = options.replay != nullptr ? replay(runner, options, options.replay, "replay")
                                                     : replay_directory(runner, options);
        if (options.replay != nullptr || result != 0) {
            return result;
        }
    }
    return run_jobs(options, ours, theirs);
}
