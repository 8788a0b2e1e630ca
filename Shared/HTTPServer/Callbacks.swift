import CMicroHTTPD
import Glibc

// What libmicrohttpd calls, on its own threads; see `Exchange` for the order and the ownership.

private func core(_ cls: UnsafeMutableRawPointer) -> ServerCore {
    Unmanaged<ServerCore>.fromOpaque(cls).takeUnretainedValue()
}

private func connection(_ pointer: OpaquePointer) -> Connection? {
    switchyard_MHD_socket_context(pointer).map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
}

let onAccept: MHD_AcceptPolicyCallback = { cls, _, _ in
    guard let cls else { return .NO }
    return core(cls).isDraining ? .NO : .YES
}

let onConnection: MHD_NotifyConnectionCallback = { cls, pointer, context, event in
    guard let cls, let pointer, let context else { return }
    if event == .CONNECTION_NOTIFY_STARTED {
        context.pointee = Unmanaged.passRetained(core(cls).opened(pointer)).toOpaque()
    } else if let own = context.pointee {
        context.pointee = nil
        core(cls).closed(Unmanaged<Connection>.fromOpaque(own).takeRetainedValue())
    }
}

let onTarget:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
        cls, target, pointer in
        guard let cls, let pointer, let connection = connection(pointer) else { return nil }
        let bytes = target.map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } ?? []
        return Unmanaged.passRetained(core(cls).began(connection, target: bytes)).toOpaque()
    }

let onAccess: MHD_AccessHandlerCallback = { _, pointer, _, method, version, data, count, context in
    guard let pointer, let method, let version, let count, let own = context?.pointee else { return .NO }
    let exchange = Unmanaged<Exchange>.fromOpaque(own).takeUnretainedValue()
    return exchange.advance(pointer, method: method, version: version, data: data, count: &count.pointee) ? .YES : .NO
}

let onCompleted: MHD_RequestCompletedCallback = { cls, pointer, context, _ in
    guard let cls, let pointer, let context, let own = context.pointee, let connection = connection(pointer) else {
        return
    }
    context.pointee = nil
    core(cls).completed(Unmanaged<Exchange>.fromOpaque(own).takeRetainedValue(), on: connection)
}
