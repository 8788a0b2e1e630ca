import CMicroHTTPD
import Glibc

/// A short response as it goes over the wire, for the moments when libmicrohttpd can queue none; it says `Connection: close`.
func rawResponse(status: Int, headers: [(String, String)], body: [UInt8], bodyIsSent: Bool) -> [UInt8] {
    var text = "HTTP/1.1 \(status) \(reasonPhrase(status))\r\nDate: \(httpDate())\r\nConnection: close\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    text += "Content-Length: \(body.count)\r\n\r\n"
    return Array(text.utf8) + (bodyIsSent ? body : [])
}

private func reasonPhrase(_ status: Int) -> String {
    guard let phrase = MHD_get_reason_phrase_for(UInt32(status)) else { return "Status" }
    return String(cString: phrase)
}

/// The time now in the format of RFC 9110, 5.6.7; the process must not change its `LC_TIME`.
private func httpDate() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { text in
        guard let start = text.baseAddress else { return "" }
        strftime(start, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        return String(cString: start)
    }
}
