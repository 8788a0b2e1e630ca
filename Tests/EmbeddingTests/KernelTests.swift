import CEncoder
import COpenBLAS
import Foundation
import Testing

/// The kernels of every vector unit that this CPU has, beside OpenBLAS and plain sums.
@Suite struct KernelTests {
    static let units = [SWITCHYARD_BASELINE, SWITCHYARD_AVX2, SWITCHYARD_AVX512].filter {
        $0.rawValue <= switchyard_best_vector_unit().rawValue
    }

    @Test(arguments: units, [1, 2, 3, 5, 12, 31, 100])
    func productsAreThoseOfBLAS(_ unit: switchyard_vector_unit, _ rows: Int) {
        for (depth, columns) in [(32, 32), (96, 64), (500, 32), (1000, 96)] {
            let (input, weights, bias) = (random(rows * depth), random(columns * depth), random(columns))
            var packed = [Float](repeating: 0, count: weights.count)
            switchyard_pack(weights, columns, depth, &packed)
            var found = [Float](repeating: .nan, count: rows * columns)
            switchyard_product(unit, input, rows, depth, packed, bias, columns, SWITCHYARD_IDENTITY, &found)
            var wanted = (0..<rows).flatMap { _ in bias }
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(columns), Int32(depth), 1, input,
                Int32(depth), weights, Int32(depth), 1, &wanted, Int32(columns))
            #expect(distance(found, wanted) < 1e-4)
        }
    }

    @Test(arguments: units)
    func activationsAreTheirFormulas(_ unit: switchyard_vector_unit) {
        let formulas: [(switchyard_activation, (Double) -> Double)] = [
            (SWITCHYARD_GELU, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
            (
                SWITCHYARD_TANH_GELU,
                { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
            ),
            (SWITCHYARD_RELU, { max(0, $0) }),
        ]
        let input = stride(from: -32, to: 32, by: 1.0 / 16).map { Float($0) }
        for (activation, formula) in formulas {
            // A product with the unit matrix leaves the numbers as they are.
            let identity = (0..<1024).map { $0 % 33 == 0 ? Float(1) : 0 }
            let zeros = [Float](repeating: 0, count: 32)
            var found = [Float](repeating: .nan, count: input.count)
            switchyard_product(unit, input, input.count / 32, 32, identity, zeros, 32, activation, &found)
            #expect(distance(found, input.map { Float(formula(Double($0))) }) < 1e-6)
        }
    }

    @Test(arguments: units, [1, 2, 31, 32, 33, 60])
    func attentionIsItsFormula(_ unit: switchyard_vector_unit, _ tokens: Int) {
        let (hidden, heads, head) = (128, 2, 64)
        let qkv = random(tokens * 3 * hidden).map { $0 * 3 }
        var scratch = [Float](repeating: .nan, count: switchyard_attention_scratch(tokens, head))
        var found = [Float](repeating: .nan, count: tokens * hidden)
        switchyard_attention(unit, qkv, tokens, hidden, heads, &scratch, &found)
        var wanted: [Float] = []
        for row in 0..<tokens {
            for start in stride(from: 0, to: hidden, by: head) {
                wanted += attend(row, tokens, qkv, hidden, start..<(start + head))
            }
        }
        #expect(distance(found, wanted) < 1e-5)
    }

    /// What the head with these columns sees from a row.
    private func attend(_ row: Int, _ tokens: Int, _ qkv: [Float], _ hidden: Int, _ head: Range<Int>) -> [Float] {
        func part(_ token: Int, _ which: Int) -> ArraySlice<Float> {
            let start = token * 3 * hidden + which * hidden
            return qkv[(start + head.lowerBound)..<(start + head.upperBound)]
        }
        var (sum, total) = ([Double](repeating: 0, count: head.count), 0.0)
        for other in 0..<tokens {
            let score = zip(part(row, 0), part(other, 1)).reduce(0) { $0 + Double($1.0 * $1.1) }
            let weight = exp(score / Double(head.count).squareRoot())
            for (index, value) in part(other, 2).enumerated() { sum[index] += weight * Double(value) }
            total += weight
        }
        return sum.map { Float($0 / total) }
    }

    private func random(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1) } }

    private func distance(_ left: [Float], _ right: [Float]) -> Float {
        // Of numbers that are none, the distance is none either, and no comparison with it holds.
        zip(left, right).reduce(0) { $1.0.isNaN ? .infinity : max($0, abs($1.0 - $1.1)) }
    }
}
