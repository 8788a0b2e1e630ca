/// Elements numbered by consecutive delivery tags from 1, of which the oldest are dropped.
struct TagWindow<Element> {
    private var elements: [Element] = []
    private var head = 0
    /// The tag of the oldest element, or of the next to be added when empty.
    private(set) var firstTag: UInt64 = 1

    var count: Int { elements.count - head }
    var isEmpty: Bool { count == 0 }
    /// The tag that the next element gets.
    var nextTag: UInt64 { firstTag + UInt64(count) }
    var first: Element? { isEmpty ? nil : elements[head] }

    func contains(_ tag: UInt64) -> Bool { tag >= firstTag && tag < nextTag }

    /// The element of a tag that is in the window.
    subscript(tag: UInt64) -> Element {
        get { elements[head + Int(tag - firstTag)] }
        set { elements[head + Int(tag - firstTag)] = newValue }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Drops the oldest element of a window that is not empty.
    mutating func removeFirst() {
        head += 1
        firstTag += 1
        // Compacting only when half of it is dropped keeps the cost of each removal constant.
        if head >= 64, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        } else if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        }
    }

    /// Forgets everything and starts again at tag 1, as on a new channel.
    mutating func reset() { self = TagWindow() }
}
