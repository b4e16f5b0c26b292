#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Numbers as text with a fixed number of decimal places or of digits; the same on every machine and in every locale.
public enum Decimals {
    /// A number rounded to `places` decimals (0 to 17), half to even on the binary value: "72.40", "-0.5", "nan", "inf".
    public static func text(_ number: Double, places: Int) -> String {
        guard number.isFinite else { return number.isNaN ? "nan" : number > 0 ? "inf" : "-inf" }
        let text = formatted("%.*f", number, min(max(places, 0), 17))
        // "-0.00" reads as a mistake.
        return text.hasPrefix("-") && !text.contains(where: { $0 >= "1" && $0 <= "9" }) ? String(text.dropFirst()) : text
    }

    /// A number with `digits` significant digits (1 to 17) and no padding zeros: "0.0123", "1.5e-05", "1200000".
    public static func text(_ number: Double, digits: Int) -> String {
        guard number.isFinite else { return number.isNaN ? "nan" : number > 0 ? "inf" : "-inf" }
        return formatted("%.*g", number, min(max(digits, 1), 17))
    }

    private static func formatted(_ format: String, _ number: Double, _ precision: Int) -> String {
        var buffer = [CChar](repeating: 0, count: 400)
        withVaList([Int32(precision), number]) { _ = vsnprintf(&buffer, buffer.count, format, $0) }
        // A program that set a locale may have made the point a comma.
        return String(cString: buffer).replacing(",", with: ".")
    }
}
