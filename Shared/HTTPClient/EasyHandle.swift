import CCurl
import Foundation

/// One curl handle, set up for one transfer; used on the client's thread alone.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    let transfer: Transfer
    private let addresses: AddressPolicy
    private var headers: UnsafeMutablePointer<curl_slist>?

    init(_ transfer: Transfer, _ settings: TransferLoop.Settings) throws(WebError) {
        guard let pointer = curl_easy_init() else { throw WebError(.invalidRequest, "out of memory") }
        self.pointer = pointer
        self.transfer = transfer
        addresses = settings.addresses
        try setUp(transfer.request, settings)
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(headers)
    }

    private func setUp(_ request: WebRequest, _ settings: TransferLoop.Settings) throws(WebError) {
        let limits = request.limits
        try set(CURLOPT_URL, request.url.text)
        try set(CURLOPT_NOSIGNAL, 1)
        // A name that is still being resolved when the time is over is left to its thread: waiting for it would hold up every transfer.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        // An empty text, unlike none, also rules out the proxies that the environment names.
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        if let authorities = settings.authorities { try set(CURLOPT_CAINFO, authorities) }
        try set(CURLOPT_CONNECTTIMEOUT_MS, limits.connect.wholeMilliseconds)
        try set(CURLOPT_TIMEOUT_MS, (transfer.deadline - .now).wholeMilliseconds)
        try set(CURLOPT_LOW_SPEED_LIMIT, 1)
        try set(CURLOPT_LOW_SPEED_TIME, max(1, Int(limits.stall.components.seconds)))
        if limits.acceptsCompression { try set(CURLOPT_ACCEPT_ENCODING, "") }
        try setMethod(request)
        for (name, value) in request.headers {
            // A header without a value is sent only in this spelling.
            headers = curl_slist_append(headers, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        // No waiting for leave to send the body.
        headers = curl_slist_append(headers, "Expect:")
        try check(switchyard_curl_set_list(pointer, CURLOPT_HTTPHEADER, headers))
        try setCallbacks()
    }

    private func setMethod(_ request: WebRequest) throws(WebError) {
        if let body = request.body {
            try set(CURLOPT_POST, 1)
            try check(switchyard_curl_set_size(pointer, CURLOPT_POSTFIELDSIZE_LARGE, Int(body.count)))
            try check(
                body.withUnsafeBytes { switchyard_curl_set_pointer(pointer, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) })
        }
        if request.method == "HEAD" { try set(CURLOPT_NOBODY, 1) }
        try set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    /// The callbacks get this object unretained: the loop keeps it until the handle is out of the multi handle.
    private func setCallbacks() throws(WebError) {
        let context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        try check(switchyard_curl_set_pointer(pointer, CURLOPT_PRIVATE, context))
        try check(switchyard_curl_set_pointer(pointer, CURLOPT_HEADERDATA, context))
        try check(switchyard_curl_set_pointer(pointer, CURLOPT_WRITEDATA, context))
        try check(switchyard_curl_set_pointer(pointer, CURLOPT_OPENSOCKETDATA, context))
        try check(
            switchyard_curl_set_data_callback(pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                let handle = EasyHandle.at(context)
                return handle.transfer.take(header: line, from: { handle.address }) ? line.count : 0
            })
        try check(
            switchyard_curl_set_data_callback(pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
                return switch EasyHandle.at(context).transfer.take(body: chunk) {
                case .taken: chunk.count
                case .pause: Int(CURL_WRITEFUNC_PAUSE)
                case .refuse: 0
                }
            })
        try check(
            switchyard_curl_set_open_callback(pointer) { context, _, address in
                address.map { EasyHandle.at(context).openSocket($0) } ?? -1
            })
    }

    static func at(_ context: UnsafeMutableRawPointer?) -> EasyHandle {
        guard let context else { preconditionFailure("curl lost its context") }
        return Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    }

    /// Where the connection leads that is used.
    private var address: String? {
        var text: UnsafePointer<CChar>?
        guard switchyard_curl_get_text(pointer, CURLINFO_PRIMARY_IP, &text) == CURLE_OK, let text, text.pointee != 0
        else { return nil }
        return String(cString: text)
    }

    /// Opens the socket for one address, or refuses it; curl then tries the name's next address.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Int32 {
        guard let target = switchyard_curl_address(address), let found = IPAddress(target),
            addresses.allows(found, host: transfer.request.url.host)
        else {
            transfer.note(WebError(.refusedAddress, "the host has an address that may not be connected to"))
            return -1
        }
        return socket(
            address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
    }

    private func set(_ option: CURLoption, _ value: Int) throws(WebError) {
        try check(switchyard_curl_set_long(pointer, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(WebError) {
        try check(switchyard_curl_set_text(pointer, option, value))
    }

    private func check(_ code: CURLcode) throws(WebError) {
        guard code == CURLE_OK else {
            throw WebError(.invalidRequest, "curl refuses a setting: \(String(cString: curl_easy_strerror(code)))")
        }
    }
}

extension Duration {
    /// At least one: curl takes 0 for "for ever".
    fileprivate var wholeMilliseconds: Int { max(1, Int(min(self, .seconds(1_000_000)) / .milliseconds(1))) }
}
