/// The program `git` for one bare repository, with nothing of the machine's own configuration.
struct Git {
    /// The folder of the bare repository.
    let folder: String

    /// Runs a command that must succeed.
    @discardableResult
    func run(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
    ) throws(GitError) -> Program.Outcome {
        let outcome = try attempt(arguments, input: input, environment: environment)
        guard outcome.status == 0 else {
            throw GitError(description: "git \(arguments.first ?? "") ended with \(outcome.status): \(outcome.errors)")
        }
        return outcome
    }

    /// Runs a command whose status is an answer.
    func attempt(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
    ) throws(GitError) -> Program.Outcome {
        let own = ["GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"]
        return try Program.run(
            ["git", "--git-dir", folder] + arguments, input: input, environment: own.merging(environment) { $1 })
    }
}

/// A run of a program that should have succeeded and did not.
struct GitError: Error, CustomStringConvertible {
    let description: String
}
