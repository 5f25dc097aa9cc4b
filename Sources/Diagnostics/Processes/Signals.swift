import CLinux
import Glibc

/// Waits for the signals that end a program, on the thread that asks.
package enum Signals {
    /// To be called first in `main`, before any thread starts: TERM, INT and HUP are taken by `waitForStop` alone, and
    /// writing to a closed pipe is an error instead of the end.
    package static func prepare() {
        ignoreClosedPipe()
        var set = Signals.stopSet
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Writing to a closed pipe is an error instead of the end; everything else ends the program as usual.
    package static func ignoreClosedPipe() { signal(SIGPIPE, SIG_IGN) }

    /// Returns the number of the TERM, INT or HUP that came.
    package static func waitForStop() -> Int32 {
        var set = Signals.stopSet
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number
    }

    /// The same, or nil when nothing came within the time.
    package static func waitForStop(within time: Duration) -> Int32? {
        var set = Signals.stopSet
        let (seconds, attoseconds) = time.components
        var limit = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        let number = sigtimedwait(&set, nil, &limit)
        return number > 0 ? number : nil
    }

    /// The number of a hang-up, by which services are told to read their settings again.
    package static let hangUp = SIGHUP

    /// Whether this process has a terminal that it would hear of the end of.
    package static func hasTerminal() -> Bool {
        let descriptor = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    private static var stopSet: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        return set
    }
}

/// What the kernel says about this process.
package enum ProcessProbe {
    /// Resident memory in bytes (proc(5), statm); nil where it can't be read.
    package static func residentBytes() -> Int64? {
        guard let bytes = try? SecureFile.read("/proc/self/statm", limit: 4096) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int64(fields[1]) else { return nil }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The most that was ever resident, in bytes (proc(5), VmHWM); nil where it can't be read.
    package static func peakBytes() -> Int64? {
        guard let bytes = try? SecureFile.read("/proc/self/status", limit: 65_536) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int64($0) }.map {
            $0 << 10
        }
    }
}
