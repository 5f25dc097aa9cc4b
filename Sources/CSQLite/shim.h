// The system's libsqlite3. Headers only; nothing of ours is compiled as C.
#include <sqlite3.h>
