/// Why an `HTTPServer` did not start.
public enum HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another process listens on the port.
    case addressInUse(host: String, port: UInt16)
    /// The host is no address of this machine, or the port needs rights that the process lacks.
    case cannotListen(host: String, port: UInt16, reason: String)
    /// The HTTP library could not start its threads.
    case cannotStart(reason: String)
    /// `start` was called before.
    case alreadyStarted

    /// A sentence for people.
    public var description: String {
        switch self {
        case .addressInUse(let host, let port): "port \(port) on \(host) is already in use"
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host) port \(port): \(reason)"
        case .cannotStart(let reason): "the HTTP server did not start: \(reason)"
        case .alreadyStarted: "the HTTP server was started before"
        }
    }
}
