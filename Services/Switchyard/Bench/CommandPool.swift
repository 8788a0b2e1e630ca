import Foundation

/// Runs one command after another, some at a time, and waits for all of them.
///
/// Each child holds the writing end of a pipe as its output; the pipe's end tells that the child has ended, so that one `poll` with
/// a bound waits for all (a command that closes its output early would escape the bound). Call it on a thread of its own.
enum CommandPool {
    private struct Child {
        let pid: pid_t
        let pipe: Int32
        let command: [String]
    }

    /// Runs the commands, found in PATH, with at most `width` at a time; throws on the first that fails or on silence for 60 s.
    static func run(_ commands: [[String]], width: Int) throws(BenchError) {
        var rest = commands[...]
        var children: [Child] = []
        defer { for child in children { stop(child) } }
        while !rest.isEmpty || !children.isEmpty {
            while children.count < width, let command = rest.popFirst() { children.append(try start(command)) }
            var interests = children.map { pollfd(fd: $0.pipe, events: Int16(POLLIN), revents: 0) }
            guard poll(&interests, nfds_t(interests.count), 60_000) > 0 else {
                throw BenchError("\(children[0].command.joined(separator: " ")) did not end within 60 s")
            }
            for index in interests.indices.reversed() where interests[index].revents != 0 {
                try finish(children.remove(at: index))
            }
        }
    }

    /// The first line that a line of the shell prints, by way of a file in `folder`.
    static func line(of command: String, in folder: String) throws -> String {
        let path = "\(folder)/line"
        try run([["sh", "-c", "{ \(command); } > '\(path)' 2>&1"]], width: 1)
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").first.map(String.init) ?? ""
    }

    private static func start(_ command: [String]) throws(BenchError) -> Child {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw .system("pipe") }
        defer { close(ends[1]) }
        // Not for the other children: the pipe must end with its own.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, command[0], &actions, nil, &arguments, nil)
        guard code == 0 else {
            close(ends[0])
            throw BenchError("\(command[0]): \(String(cString: strerror(code)))")
        }
        return Child(pid: pid, pipe: ends[0], command: command)
    }

    private static func finish(_ child: Child) throws(BenchError) {
        close(child.pipe)
        var status: Int32 = 0
        guard waitpid(child.pid, &status, 0) == child.pid, status == 0 else {
            throw BenchError("\(child.command.joined(separator: " ")) failed with wait status \(status)")
        }
    }

    private static func stop(_ child: Child) {
        close(child.pipe)
        kill(child.pid, SIGKILL)
        waitpid(child.pid, nil, 0)
    }
}
