import JSON

/// The files of a commit by git's trees, as GitHub and Gitea show them.
struct TreeFiles {
    private(set) var files = KnownFiles()

    /// Adds the files of a tree.
    ///
    /// - Parameter folder: the tree's own path, empty or with a slash at its end.
    mutating func add(_ entries: [JSON], below folder: String) {
        for entry in entries where entry["type"] == "blob" {
            guard let path = entry["path"]?.stringValue, let mode = entry["mode"]?.stringValue,
                let id = entry["sha"]?.stringValue
            else { continue }
            files[folder + path] = KnownFile(mode: mode, id: id)
        }
    }

    /// Adds the files beside some paths, one folder after the other.
    ///
    /// - Parameter read: the entries of a tree.
    mutating func walk(
        from root: String, to paths: [String], _ read: (String) async throws(ForgeError) -> [JSON]
    ) async throws(ForgeError) {
        var trees: [[UInt8]: String] = [[]: root]
        var done: Set<[UInt8]> = []
        for path in paths {
            var folder = ""
            for part in path.split(separator: "/") {
                guard let tree = trees[Array(folder.utf8)] else { break }
                if done.insert(Array(folder.utf8)).inserted {
                    let entries = try await read(tree)
                    add(entries, below: folder)
                    for entry in entries where entry["type"] == "tree" {
                        let name = folder + (entry["path"]?.stringValue ?? "") + "/"
                        trees[Array(name.utf8)] = entry["sha"]?.stringValue
                    }
                }
                folder += part + "/"
            }
        }
    }
}
