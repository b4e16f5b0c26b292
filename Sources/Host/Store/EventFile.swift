/// Metrics as an event file of TensorBoard: records of protocol buffers, each with checksums.
///
/// TensorFlow's formats: core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto.
enum EventFile {
    /// The bytes of an event file.
    ///
    /// - Parameters:
    ///   - metrics: one event for each.
    ///   - time: seconds since 1970 that all of them bear; runs do not record when a metric came.
    static func bytes(_ metrics: [RunMetric], time: Double) -> [UInt8] {
        var file: [UInt8] = []
        append(fixed64(field: 1, time.bitPattern) + text(field: 3, Array("brain.Event:2".utf8)), to: &file)
        for metric in metrics {
            // Summary { Value { tag, simple_value } }
            let value = text(field: 1, Array(metric.name.utf8)) + fixed32(field: 2, Float(metric.value).bitPattern)
            let summary = text(field: 1, value)
            append(fixed64(field: 1, time.bitPattern) + varint(field: 2, UInt64(bitPattern: Int64(metric.step))) + text(field: 5, summary), to: &file)
        }
        return file
    }

    private static func append(_ record: [UInt8], to file: inout [UInt8]) {
        let length = little(UInt64(record.count), bytes: 8)
        file += length + little(UInt64(masked(length)), bytes: 4) + record + little(UInt64(masked(record)), bytes: 4)
    }

    private static func little(_ value: UInt64, bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) } }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, out) = (value, [UInt8]())
        while rest >= 0x80 {
            out.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return out + [UInt8(rest)]
    }

    private static func varint(field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }
    private static func fixed64(field: UInt64, _ bits: UInt64) -> [UInt8] { varint(field << 3 | 1) + little(bits, bytes: 8) }
    private static func text(field: UInt64, _ bytes: [UInt8]) -> [UInt8] { varint(field << 3 | 2) + varint(UInt64(bytes.count)) + bytes }
    private static func fixed32(field: UInt64, _ bits: UInt32) -> [UInt8] { varint(field << 3 | 5) + little(UInt64(bits), bytes: 4) }

    /// Castagnoli's checksum, turned as records have it.
    private static func masked(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = .max
        for byte in bytes { sum = castagnoli[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8 }
        sum = ~sum
        return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    }

    private static let castagnoli: [UInt32] = (0..<256).map { start in
        (0..<8).reduce(UInt32(start)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
    }
}
