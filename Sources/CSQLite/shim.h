// The system's libsqlite3. Headers only; nothing of ours is compiled as C.
#include <sqlite3.h>
// The form of sqlite3_config that takes one number: Swift imports no function with a variable number of arguments. Both
// calling conventions we build for (x86-64, AArch64 on Linux) pass such an argument as a named one.
extern int sqlite3_config_number(int option, int value) __asm__("sqlite3_config");
