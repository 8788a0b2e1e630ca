import Foundation

/// An entry of a tree.
struct GitEntry {
    /// Six octal digits.
    let mode: String
    /// `blob`, `tree` or `commit`.
    let kind: String
    let id: String
    /// Bytes; nil for anything but a blob.
    let size: Int?
    let path: String

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// A change of one path of a tree.
enum GitEdit {
    case put(path: String, mode: String, id: String)
    /// Puts a whole tree below the path.
    case graft(path: String, id: String)
    case remove(path: String)
}

/// A file that differs between two trees.
struct GitChange {
    /// `A`, `M`, `D` or `T`.
    let status: String
    let oldMode: String
    let newMode: String
    let id: String
    let path: String
}

extension GitRepository {
    /// The entries of a commit or tree, of all levels if asked.
    func entries(of tree: String, recursive: Bool = false) throws(GitError) -> [GitEntry] {
        let options = recursive ? ["-r", "-t"] : []
        return try git.run(["ls-tree", "-z", "-l", "--full-tree"] + options + [tree]).text.split(separator: "\0")
            .compactMap { line in
                let parts = line.split(separator: "\t", maxSplits: 1)
                let words = parts[0].split(separator: " ")
                guard parts.count == 2, words.count == 4 else { return nil }
                return GitEntry(
                    mode: String(words[0]), kind: String(words[1]), id: String(words[2]), size: Int(words[3]),
                    path: String(parts[1]))
            }
    }

    /// What is at a path; nil when nothing is.
    func entry(_ path: String, of tree: String) throws(GitError) -> GitEntry? {
        let output = try git.run(["ls-tree", "-z", "-l", "--full-tree", tree, "--", path]).text
        guard let line = output.split(separator: "\0").first else { return nil }
        let parts = line.split(separator: "\t", maxSplits: 1)
        let words = parts[0].split(separator: " ")
        guard parts.count == 2, words.count == 4, parts[1] == path else { return nil }
        return GitEntry(
            mode: String(words[0]), kind: String(words[1]), id: String(words[2]), size: Int(words[3]), path: path)
    }

    /// A tree with changes, made in an index of its own.
    func write(tree base: String?, _ edits: [GitEdit]) throws(GitError) -> String {
        let index = "\(git.folder)/index-\(UUID().uuidString)"
        defer { unlink(index) }
        let environment = ["GIT_INDEX_FILE": index]
        try git.run(["read-tree", base ?? "--empty"], environment: environment)
        for edit in edits {
            switch edit {
            case .put(let path, let mode, let id):
                try git.run(
                    ["update-index", "-z", "--replace", "--index-info"], input: Array("\(mode) \(id)\t\(path)\0".utf8),
                    environment: environment)
            case .remove(let path):
                // All below a folder goes with it.
                try git.run(
                    ["rm", "--cached", "--quiet", "-r", "--ignore-unmatch", "--", ":(literal)\(path)"],
                    environment: environment)
            case .graft(let path, let id):
                try git.run(
                    ["rm", "--cached", "--quiet", "-r", "--ignore-unmatch", "--", ":(literal)\(path)"],
                    environment: environment)
                try git.run(["read-tree", "--prefix=\(path)/", id], environment: environment)
            }
        }
        return try git.run(["write-tree"], environment: environment).line
    }

    /// The files that differ.
    func changes(from old: String, to new: String) throws(GitError) -> [GitChange] {
        let parts = try git.run(["diff-tree", "-r", "-z", "--raw", "--no-renames", old, new]).text
            .split(separator: "\0")
        return stride(from: 0, to: parts.count - 1, by: 2).map { index in
            let words = parts[index].dropFirst().split(separator: " ")
            return GitChange(
                status: String(words[4]), oldMode: String(words[0]), newMode: String(words[1]), id: String(words[3]),
                path: String(parts[index + 1]))
        }
    }
}
