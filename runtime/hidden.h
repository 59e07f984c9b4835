/* Before all else in the runtime's own C code (build.sh): what other files define is found without the global offset table, which is the program's memory: its page
   may be the lost one. */
#pragma GCC visibility push(hidden)
