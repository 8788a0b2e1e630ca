import Foundation
import Sandbox

/// The process that reads one document.
struct LimitedChild {
    /// How a child that runs our own code ends; `pdftotext` has codes of its own, all under 100.
    enum ExitCode {
        static let sandboxRefused: Int32 = 120
        static let missingProgram: Int32 = 127
    }

    let request: ChildRequest
    /// What become standard input, output and error.
    let descriptors: [Int32]
    let sandbox: Sandbox
    let helper: pid_t
    private let program: ProgramArguments?

    /// Prepares a child; everything that `start` needs is allocated here.
    init(_ request: ChildRequest, descriptors: [Int32], sandbox: Sandbox, helper: pid_t) {
        self.request = request
        self.descriptors = descriptors
        self.sandbox = sandbox
        self.helper = helper
        program = ProgramArguments(request)
    }

    /// Starts the process and returns its pid, or -1.
    func start(stack: UnsafeMutableRawBufferPointer) -> pid_t {
        guard program == nil else {
            return withUnsafePointer(to: self) { child in
                ChildProcess.startInPlace(stack: stack, argument: UnsafeMutableRawPointer(mutating: child)) { child in
                    child?.assumingMemoryBound(to: LimitedChild.self).pointee.run()
                    return ExitCode.missingProgram
                }
            }
        }
        let pid = ChildProcess.fork()
        if pid == 0 { run() }
        return pid
    }

    /// Runs in the child. It allocates nothing before it has memory of its own, or the helper would never free it.
    private func run() {
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        setpgid(0, 0)
        ChildProcess.endWithParent()
        // The helper may have died before the line above.
        guard getppid() == helper else { _exit(0) }
        for target in 0..<descriptors.count { dup2(descriptors[target], Int32(target)) }
        closefrom(3)
        ChildProcess.offerToOutOfMemoryKiller()
        guard sandbox.enter(request.sandboxLimits, for: program == nil ? .own : .other) else {
            _exit(ExitCode.sandboxRefused)
        }
        if let program {
            execve(program.path, program.arguments, program.environment)
            _exit(ExitCode.missingProgram)
        }
        switch request.mode {
        case .probe: reportHoles()
        case .pdfLayout: LayoutChild.run()
        case .pictureLayout: LayoutChild.run(pageSide: request.pageSide)
        default: DocumentParser.run(request)
        }
    }

    private func reportHoles() -> Never {
        let report = SandboxProbe.holes().joined(separator: ", ")
        _ = report.withCString { write(STDOUT_FILENO, $0, strlen($0)) }
        _exit(0)
    }
}

/// The command line of one of the programs of poppler and Tesseract, as C strings. The document is standard input, so no
/// name from outside is on it.
private final class ProgramArguments {
    let path: UnsafeMutablePointer<CChar>
    let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    let environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// Nil when the request is for our own code.
    init?(_ request: ChildRequest) {
        let words: [String]
        switch request.mode {
        case .pdfText:
            let last = request.lastPage > 0 ? ["-l", "\(request.lastPage)"] : []
            let options = ["-enc", "UTF-8", "-eol", "unix", "-bbox-layout", "-f", "\(request.firstPage)"]
            words = ["/usr/bin/pdftotext"] + options + last + ["/dev/stdin", "-"]
        case .pdfInfo: words = ["/usr/bin/pdfinfo", "/dev/stdin"]
        case .pdfPicture:
            words = [
                "/usr/bin/pdftoppm", request.format.option, "-scale-to", "\(request.pixels)", "-f",
                "\(request.firstPage)", "-l", "\(request.lastPage)", "/dev/stdin",
            ]
        case .recognise:
            let orientation = request.findsOrientation ? ["--psm", "1"] : []
            words =
                ["/usr/bin/tesseract", "stdin", "stdout", "-l", request.languages.joined(separator: "+")] + orientation
                + ["-c", "tessedit_create_hocr=1"]
        case .pdfLayout, .pictureLayout, .parse, .probe: return nil
        }
        guard let path = strdup(words[0]) else { return nil }
        self.path = path
        arguments = Self.strings(words)
        // A child has no threads: pages are what runs in parallel.
        environment = Self.strings(["LC_ALL=C.UTF-8", "TZ=UTC", "OMP_THREAD_LIMIT=1"])
    }

    deinit {
        Glibc.free(path)
        Self.free(arguments)
        Self.free(environment)
    }

    private static func strings(_ words: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let pointer = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: words.count + 1)
        for (index, word) in words.enumerated() { (pointer + index).initialize(to: strdup(word)) }
        (pointer + words.count).initialize(to: nil)
        return pointer
    }

    private static func free(_ strings: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
        var next = strings
        while let word = next.pointee {
            Glibc.free(word)
            next += 1
        }
        strings.deallocate()
    }
}
