import JSON
struct GitLabAPI: ForgeAPI {
    let state: ForgeState
    static let routes: [Route<GitLabAPI>] = []
    func path(of segments: [String]) -> ArraySlice<String>? { nil }
    func admit(_ call: inout Call) throws {}
    func unknownPath(_ call: Call) -> Answer { Answer(404) }
    func unreadable(_ call: Call, isMediaType: Bool) -> Answer { Answer(404) }
    func malformed(_ call: Call, _ fault: BodyRule.Fault) -> Answer { Answer(404) }
    func decorate(_ answer: inout Answer, _ call: Call) {}
    func limited(_ call: Call, retryAfter: Int, isSecondary: Bool) -> Answer { Answer(429) }
}
