import JSON

/// The files of a commit by git's trees, as GitHub and Gitea show them.
struct TreeFiles {
    private(set) var files: [String: KnownFile] = [:]

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
        var trees = ["": root]
        var done: Set<String> = []
        for path in paths {
            var folder = ""
            for part in path.split(separator: "/") {
                guard let tree = trees[folder] else { break }
                if done.insert(folder).inserted {
                    let entries = try await read(tree)
                    add(entries, below: folder)
                    for entry in entries where entry["type"] == "tree" {
                        trees[folder + (entry["path"]?.stringValue ?? "") + "/"] = entry["sha"]?.stringValue
                    }
                }
                folder += part + "/"
            }
        }
    }
}
