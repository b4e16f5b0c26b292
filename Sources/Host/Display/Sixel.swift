/// Pictures as DEC's terminals drew them: bands of six rows, one pass for each colour.
enum Sixel {
    /// Levels of red, green and blue: 252 colours, which every terminal with sixels has.
    private static let levels = [6, 7, 6]

    /// - Parameter pixels: `width * height * 3` bytes.
    static func text(width: Int, height: Int, pixels: [UInt8]) -> String {
        let colours = indices(width: width, height: height, pixels: pixels)
        var text = "\u{1B}P0;1;0q\"1;1;\(width);\(height)"
        for colour in Set(colours).sorted() {
            let parts = [colour / (levels[1] * levels[2]), colour / levels[2] % levels[1], colour % levels[2]]
            text += "#\(colour);2;" + zip(parts, levels).map { "\(($0 * 100 + ($1 - 1) / 2) / ($1 - 1))" }.joined(separator: ";")
        }
        for top in stride(from: 0, to: height, by: 6) {
            let rows = min(6, height - top)
            let band = colours[(top * width)..<((top + rows) * width)]
            for colour in Set(band).sorted() {
                text += "#\(colour)"
                var bits = (0..<width).map { x in (0..<rows).reduce(0) { $0 | (colours[(top + $1) * width + x] == colour ? 1 << $1 : 0) } }[...]
                while let first = bits.first {
                    let run = bits.prefix { $0 == first }.count
                    let sign = String(UnicodeScalar(UInt8(63 + first)))
                    text += run > 3 ? "!\(run)\(sign)" : String(repeating: sign, count: run)
                    bits = bits.dropFirst(run)
                }
                text += "$"
            }
            text += "-"
        }
        return text + "\u{1B}\\"
    }

    /// The palette's colour for each pixel; errors are handed on to the neighbours (Floyd and Steinberg 1976).
    private static func indices(width: Int, height: Int, pixels: [UInt8]) -> [Int] {
        var values = pixels.map { Float($0) }
        var colours = [Int](repeating: 0, count: width * height)
        for y in 0..<height {
            for x in 0..<width {
                let place = (y * width + x) * 3
                var colour = 0
                for channel in 0..<3 {
                    let steps = Float(levels[channel] - 1)
                    let level = min(max((values[place + channel] / 255 * steps).rounded(), 0), steps)
                    colour = colour * levels[channel] + Int(level)
                    let error = values[place + channel] - level / steps * 255
                    func hand(_ dx: Int, _ dy: Int, _ share: Float) {
                        guard (0..<width).contains(x + dx), y + dy < height else { return }
                        values[place + (dy * width + dx) * 3 + channel] += error * share / 16
                    }
                    hand(1, 0, 7)
                    hand(-1, 1, 3)
                    hand(0, 1, 5)
                    hand(1, 1, 1)
                }
                colours[y * width + x] = colour
            }
        }
        return colours
    }
}
