/// A connected stream of bytes, plain or secure. One thread reads, writes and closes; any thread may interrupt.
protocol ByteStream: AnyObject, Sendable {
    /// Reads what is there, waiting until `deadline`; 0 = the stream has ended.
    func read(into buffer: UnsafeMutableRawBufferPointer, deadline: Duration) throws(HTTPError) -> Int

    /// Writes all bytes before `deadline`.
    func write(_ bytes: [UInt8], deadline: Duration) throws(HTTPError)

    /// Ends the sending side; the peer sees the end of the stream.
    func finishWriting()

    /// Makes the read or write under way end, and every later one.
    func interrupt()

    func close()

    /// True when the peer has ended an idle connection or sent something nobody asked for.
    var isStale: Bool { get }

    /// Whether bytes that were taken from the socket wait to be read, which the socket itself no longer tells.
    var holdsBytes: Bool { get }

    /// After a read of 0: whether the peer itself said that this is the end. Under TLS a connection that was cut is
    /// told from one that was ended; a plain one has no such word and counts as ended.
    var isEndSaid: Bool { get }

    /// Who sits at the other end of a Unix socket.
    var peer: PeerCredentials? { get }
}
