#!/usr/bin/env python3
"""Compares a library as it was built with abi.txt, by way of abidw (Debian: abigail-tools): its
functions, how large each argument is, and where the fields of each struct lie.

    abidw.py libwspair.so abi.txt

The library has to hold debug information. abi.txt is what the header says, as a C compiler lays it
out; what the library was compiled to, by another compiler, is the same, or nothing works.
"""

import re
import subprocess
import sys
from xml.etree import ElementTree

# How large an argument of a type is where it is no pointer. Enums travel as numbers of these sizes.
SIZES = {"uint8_t": 8, "uint16_t": 16, "uint32_t": 32, "int32_t": 32, "uint64_t": 64, "size_t": 64, "wspair_result": 32}


class Library:
    """What abidw finds in a library."""

    def __init__(self, path):
        xml = subprocess.run(["abidw", "--no-show-locs", path], check=True, capture_output=True, text=True)
        root = ElementTree.fromstring(xml.stdout)
        self.types = {node.get("id"): node for node in root.iter() if node.get("id")}
        found = (node for node in root.iter("function-decl") if node.get("elf-symbol-id"))
        self.functions = {node.get("elf-symbol-id"): node for node in found}

    def arguments(self, name):
        return [self.types.get(node.get("type-id")) for node in self.functions[name].findall("parameter")]

    def result(self, name):
        return self.types.get(self.functions[name].find("return").get("type-id"))

    def bits(self, node):
        """The size of a type; an enum has that of what is under it."""
        under = node.find("underlying-type")
        return self.bits(self.types[under.get("type-id")]) if under is not None else int(node.get("size-in-bits"))

    def pointee(self, node):
        """What a type points to, const or not; None where it is no pointer."""
        if node is None or node.tag != "pointer-type-def":
            return None
        to = self.types[node.get("type-id")]
        return self.types[to.get("type-id")] if to.tag == "qualified-type-def" else to

    def layout(self, struct):
        fields = []
        for member in struct.findall("data-member"):
            field = member.find("var-decl")
            bits = self.bits(self.types[field.get("type-id")])
            fields.append((field.get("name"), int(member.get("layout-offset-in-bits")) // 8, bits // 8))
        return int(struct.get("size-in-bits")) // 8, fields


def declared(text):
    """Structs and functions of abi.txt."""
    structs, functions, fields = {}, {}, None
    for line in text.splitlines():
        if begun := re.fullmatch(r"struct (\w+): (\d+) bytes", line):
            fields = []
            structs[begun[1]] = (int(begun[2]), fields)
        elif field := re.fullmatch(r"  (\w+): at (\d+), (\d+) bytes", line):
            fields.append((field[1], int(field[2]), int(field[3])))
        elif function := re.fullmatch(r"(.*?)(wspair_\w+)\((.*)\)", line):
            arguments = [] if function[3] == "void" else function[3].split(", ")
            functions[function[2]] = (function[1].strip(), arguments)
    return structs, functions


def differences(library, structs, functions):
    ours = {name for name in library.functions if name.startswith("wspair_")}
    for name in sorted(ours ^ set(functions)):
        yield f"{name} is not in both"
    seen = set()
    for name in sorted(ours & set(functions)):
        result, wanted = functions[name]
        got = library.arguments(name)
        if len(got) != len(wanted):
            yield f"{name} takes {len(got)} arguments, not {len(wanted)}"
            continue
        for argument, node in [*zip(wanted, got), *([] if result == "void" else [(result, library.result(name))])]:
            is_pointer = "*" in argument
            size = 64 if is_pointer else SIZES[argument.split()[0]]
            if is_pointer != (node.tag == "pointer-type-def") or library.bits(node) != size:
                yield f"{name}: {argument} is not what it takes"
            struct = re.match(r"(?:const )?struct (\w+) \*\w", argument)
            if struct and struct[1] in structs and struct[1] not in seen:
                seen.add(struct[1])
                layout = library.layout(library.pointee(node))
                if layout != structs[struct[1]]:
                    yield f"struct {struct[1]} is {layout}, not {structs[struct[1]]}"
    for name in sorted(set(structs) - seen):
        yield f"struct {name} is no function's argument"


structs, functions = declared(open(sys.argv[2]).read())
found = list(differences(Library(sys.argv[1]), structs, functions))
for difference in found:
    print(f"abi: {difference}", file=sys.stderr)
if found or len(functions) < 100 or len(structs) < 10:
    sys.exit("abi: the library is not what abi.txt says")
print(f"abi: {len(functions)} functions and {len(structs)} structs are as abi.txt says")
