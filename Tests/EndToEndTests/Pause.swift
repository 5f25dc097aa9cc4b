import Glibc

/// A short rest between looks at something outside this process.
func usleepBriefly() { usleep(2_000) }
