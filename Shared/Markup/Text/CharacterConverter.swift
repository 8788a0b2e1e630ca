import CUchardet
import Foundation

/// Turns bytes of one encoding into UTF-8, piece by piece, by iconv.
package final class CharacterConverter {
    /// Why a conversion has stopped.
    package enum Stop {
        /// All of the input is converted.
        case done
        /// The output is full.
        case full
        /// The next byte begins nothing that the encoding has.
        case bad
        /// The rest of the input is the beginning of a character.
        case incomplete
    }

    private let handle: iconv_t

    /// Nil for an encoding of which iconv knows nothing.
    package init?(from encoding: String) {
        // What follows a slash would be an option of iconv's.
        guard !encoding.contains("/"), let handle = iconv_open("UTF-8", encoding), Int(bitPattern: handle) != -1 else {
            return nil
        }
        self.handle = handle
    }

    deinit { iconv_close(handle) }

    /// Converts what it can; tells how many bytes are done with and how many were written.
    package func convert(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, made: Int, stop: Stop) {
        // iconv reads its input only; the parameter is older than const.
        var source = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self))
        var target = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        var (left, room) = (input.count, output.count)
        let hasFailed = iconv(handle, &source, &left, &target, &room) == -1
        let stop: Stop =
            switch hasFailed ? errno : 0 {
            case 0: .done
            case E2BIG: .full
            case EILSEQ: .bad
            default: .incomplete
            }
        return (input.count - left, output.count - room, stop)
    }
}
