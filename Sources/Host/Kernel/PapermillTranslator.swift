extension KernelSpecification {
    /// A module for papermill, which writes parameters in the language of a notebook: import it before papermill runs.
    static let papermillTranslator = #"""
        """Teaches papermill to write parameters in Lua, for notebooks of the kernel "loam" and of the language "lua".

        Put this folder on PYTHONPATH and import the module before papermill runs:

            python -c "import loam_papermill; from papermill.__main__ import papermill; papermill()" in.ipynb out.ipynb -p steps 30
        """
        import math
        import re

        from papermill.translators import Translator, papermill_translators

        KEYWORDS = set(
            "and break do else elseif end false for function goto if in local nil not or repeat return then true until while".split()
        )
        NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
        ASSIGNMENT = re.compile(
            r"^\s*(?:local\s+)?(?P<name>[A-Za-z_]\w*)\s*(?:<\s*\w+\s*>)?\s*=\s*(?P<value>.*?)\s*;?\s*(?:--\s*(?P<help>.*))?$"
        )


        class LuaTranslator(Translator):
            """Python values as Lua text. Parameters become globals, as a local would hide those of the cell of defaults."""

            @classmethod
            def translate_none(cls, value):
                return "nil"

            @classmethod
            def translate_bool(cls, value):
                return "true" if value else "false"

            @classmethod
            def translate_int(cls, value):
                if not -(2**63) <= value < 2**63:
                    return repr(float(value))
                return "math.mininteger" if value == -(2**63) else str(value)

            @classmethod
            def translate_float(cls, value):
                if math.isnan(value):
                    return "(0/0)"
                if math.isinf(value):
                    return "math.huge" if value > 0 else "-math.huge"
                return repr(value)

            @classmethod
            def translate_str(cls, value):
                escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
                return '"' + "".join(escapes.get(c) or ("\\%03d" % ord(c) if ord(c) < 32 or ord(c) == 127 else c) for c in str(value)) + '"'

            @classmethod
            def translate_escaped_str(cls, value):
                return cls.translate_str(value)

            @classmethod
            def translate_key(cls, key):
                if isinstance(key, str) and NAME.match(key) and key not in KEYWORDS:
                    return key
                return "[" + cls.translate(key) + "]"

            @classmethod
            def translate_dict(cls, value):
                return "{" + ", ".join(f"{cls.translate_key(k)} = {cls.translate(v)}" for k, v in value.items()) + "}"

            @classmethod
            def translate_list(cls, value):
                return "{" + ", ".join(cls.translate(v) for v in value) + "}"

            @classmethod
            def translate_tuple(cls, value):
                return cls.translate_list(value)

            @classmethod
            def comment(cls, text):
                return f"-- {text}".rstrip()

            @classmethod
            def assign(cls, name, text):
                if not NAME.match(name) or name in KEYWORDS:
                    raise ValueError(f"'{name}' is not a name in Lua")
                return f"{name} = {text}"

            @classmethod
            def codify(cls, parameters, comment="Parameters"):
                lines = [cls.comment(comment)] + [cls.assign(name, cls.translate(value)) for name, value in parameters.items()]
                return "\n".join(lines) + "\n"

            @classmethod
            def inspect(cls, parameters_cell):
                from papermill.models import Parameter

                found = []
                for line in parameters_cell["source"].splitlines():
                    match = ASSIGNMENT.match(line)
                    if match:
                        found.append(
                            Parameter(name=match["name"], inferred_type_name="None", default=match["value"], help=(match["help"] or "").strip())
                        )
                return found


        papermill_translators.register("loam", LuaTranslator)
        papermill_translators.register("lua", LuaTranslator)
        """#
}
