// The OpenMP runtime whose threads run our regions. The only OpenMP in the project.
#pragma once

#include <string>

namespace fusedrnn {

// What a region needs of a runtime.
struct Threadpool {
  // Runs body(data) on at most `threads` threads, this one among them; returns when all are done.
  void (*run)(void (*body)(void*), void* data, unsigned threads, unsigned flags);
  void (*barrier)();      // within a region: returns when all its threads have called it
  int (*thread)();        // of a region, 0 to threads() - 1
  int (*threads)();       // of a region: fewer than asked for where the runtime has no more
  int (*most_threads)();  // that a region of the calling thread gets unless it asks for a number
};

// One pool a process: two would hold each other's cores, for a pool's threads spin for some
// milliseconds after a region, and LLVM's runtime ends a process that has it twice. PyTorch's where
// it has one, else the first other one in the process (of GNU, LLVM or Intel, whose entry points
// are the same), else the one that we are linked with, if any. Looked for again when libraries have
// been loaded since. On Windows ours alone.
const Threadpool& threadpool();

std::string threadpool_path();  // its file; empty where it is not known
bool threadpool_is_own();       // whether it is the one that we are linked with

bool has_openmp();      // whether there is one that we are linked with
bool has_threadpool();  // that one or another; else every region has one thread

// Whether this process is a child by fork of one that has a runtime, which it then has too, as if
// its threads were alive: a region would wait for them for ever.
bool inherited_threadpool();

}  // namespace fusedrnn
