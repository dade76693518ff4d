"""Puts many mutants into one program: each becomes a branch that an environment variable chooses.

cargo-mutants says which mutants there are. Building each takes seconds, and there are thousands; this
way all are built once. `a < b` becomes `(if on(7) { (a) > (b) } else { a < b })`, a function with
another result returns early, an arm that is deleted gets a guard.
"""

import collections
import dataclasses
import re

import tree_sitter
import tree_sitter_rust

RUST = tree_sitter.Language(tree_sitter_rust.language())

# What the crate gets: which mutant is on, or which were met. Constant functions may ask too, and
# nothing is allocated, as some tests count what is.
MODULE = """
#[allow(missing_docs, unsafe_code, dead_code, clippy::all)]
#[doc(hidden)]
pub mod mutants {
    use std::io::Write as _;

    static mut ON: u32 = u32::MAX;
    static mut MET: [bool; 1 << 16] = [false; 1 << 16];

    pub const fn on(number: u32) -> bool {
        unsafe {
            MET[number as usize] = true;
            ON == number
        }
    }

    /// An iterator, or one of nothing.
    pub struct Empty<I>(pub bool, pub I);

    impl<I: Iterator> Iterator for Empty<I> {
        type Item = I::Item;

        fn next(&mut self) -> Option<I::Item> {
            if self.0 { None } else { self.1.next() }
        }
    }

    fn variable(name: &[u8], mut vars: *const *const i8) -> Option<&'static str> {
        unsafe {
            while !(*vars).is_null() {
                let var = core::ffi::CStr::from_ptr((*vars).cast()).to_bytes();
                if let Some(value) = var.strip_prefix(name) {
                    return core::str::from_utf8(value).ok();
                }
                vars = vars.add(1);
            }
        }
        None
    }

    static mut WRITE_TO: Option<&str> = None;

    extern "C" fn begin(_: i32, _: *const *const i8, vars: *const *const i8) {
        unsafe {
            if let Some(number) = variable(b"MUTANT=", vars) {
                ON = number.parse().unwrap_or(u32::MAX);
            }
            WRITE_TO = variable(b"MUTANTS_MET=", vars);
        }
    }

    extern "C" fn end() {
        unsafe {
            let (met, path) = (&raw const MET, &raw const WRITE_TO);
            if let Some(path) = *path {
                let bytes = core::slice::from_raw_parts(met.cast::<u8>(), 1 << 16);
                std::fs::File::create(path).unwrap().write_all(bytes).unwrap();
            }
        }
    }

    #[used]
    #[unsafe(link_section = ".init_array")]
    static BEGIN: extern "C" fn(i32, *const *const i8, *const *const i8) = begin;
    #[used]
    #[unsafe(link_section = ".fini_array")]
    static END: extern "C" fn() = end;
}
"""


@dataclasses.dataclass
class Mutant:
    number: int
    file: str
    name: str
    genre: str
    replacement: str
    # Lines and columns count from 1, columns in characters.
    start: tuple[int, int]
    end: tuple[int, int]
    # Whether it changes the result of a function whose type is opaque: it can have but one.
    opaque: bool


def offsets(text: str, *places: tuple[int, int]) -> list[int]:
    """Places as numbers of bytes."""
    lines = text.splitlines(keepends=True)
    before = [0]
    for line in lines:
        before.append(before[-1] + len(line.encode()))
    return [before[line - 1] + len(lines[line - 1][: column - 1].encode()) for line, column in places]


def alone(text: str, mutant: Mutant) -> str:
    """A file with one mutant and no switch."""
    start, end = offsets(text, mutant.start, mutant.end)
    code = text.encode()
    return (code[:start] + mutant.replacement.encode() + b" " + code[end:]).decode()


def switched(text: str, mutants: list[Mutant]) -> tuple[str, dict[int, list[tuple[int, int]]], list[Mutant]]:
    """A file with all mutants: its text, which bytes of it are of which, and those that have no place."""
    code = text.encode()
    by_place = collections.defaultdict(list)
    for mutant in mutants:
        by_place[tuple(offsets(text, mutant.start, mutant.end))].append(mutant)
    tree = tree_sitter.Parser(RUST).parse(code).root_node
    writer = Writer(code, by_place, constants(tree, by_place))
    new = writer.node(tree)
    left = [mutant for of_place in by_place.values() for mutant in of_place]
    # Comments of ours tell where a mutant is. They go, and leave their places.
    out, parts, at = bytearray(), collections.defaultdict(list), 0
    open_at = {}
    while (mark := new.find(b"/*~", at)) >= 0:
        out += new[at:mark]
        close = new.index(b"~*/", mark)
        sign, number = new[mark + 3 : mark + 4], int(new[mark + 4 : close])
        if sign == b"<":
            open_at[number] = len(out)
        else:
            parts[number].append((open_at.pop(number), len(out)))
        at = close + 3
    out += new[at:]
    return out.decode(), parts, left


def match_of(code: bytes, start: int, end: int) -> tuple[int, int]:
    """The place of the `match` whose value is there."""
    node = tree_sitter.Parser(RUST).parse(code).root_node.descendant_for_byte_range(start, end)
    while node.type != "match_expression":
        node = node.parent
    return node.start_byte, node.end_byte


def constants(tree, by_place: dict) -> dict[bytes, list[Mutant]]:
    """The constants that have mutants and can be chosen where they are used: the file's own, used as values."""
    uses = collections.defaultdict(list)
    for node in descendants(tree):
        if node.type == "identifier":
            uses[node.text].append(node)
    found = {}
    for item in tree.children:
        value = item.child_by_field_name("value")
        if item.type != "const_item" or value is None or item.children[0].type == "visibility_modifier":
            continue
        name = item.child_by_field_name("name")
        places = [place for place in by_place if value.start_byte <= place[0] and place[1] <= value.end_byte]
        # With another assignment a loop may never end, and the compiler with it.
        is_safe = lambda mutant: not re.fullmatch("[^=!<>]+=", mutant.replacement)
        mutants = [mutant for place in places for mutant in by_place[place] if is_safe(mutant)]
        if mutants and all(is_value(use) for use in uses[name.text] if use != name):
            found[name.text] = mutants
    return found


def is_value(node) -> bool:
    """Whether the name is in a function, where its value may depend on what the program is told."""
    while node := node.parent:
        if node.type == "function_item":
            return True
        if node.type.endswith("_pattern") or node.type in ("const_item", "static_item", "token_tree", "array_type"):
            return False
        if node.type == "array_expression" and node.child_by_field_name("length"):
            return False
    return False


def descendants(node):
    yield node
    for child in node.children:
        yield from descendants(child)


class Writer:
    def __init__(self, code: bytes, by_place: dict, constants: dict):
        self.code = code
        self.by_place = by_place
        self.constants = constants

    def text(self, node) -> bytes:
        return self.code[node.start_byte : node.end_byte]

    def take(self, start: int, end: int) -> list[Mutant]:
        return self.by_place.pop((start, end), [])

    def inside(self, node, start=None, end=None) -> bytes:
        """The node with what is in it switched."""
        at = node.start_byte if start is None else start
        end = node.end_byte if end is None else end
        out = b""
        for child in node.children:
            if child.start_byte < at or child.end_byte > end:
                continue
            out += self.code[at : child.start_byte] + self.node(child)
            at = child.end_byte
        return out + self.code[at:end]

    def node(self, node) -> bytes:
        match node.type:
            case "binary_expression" | "compound_assignment_expr":
                return self.operator(node)
            case "unary_expression":
                sign = node.children[0]
                return self.choice(self.take(sign.start_byte, sign.end_byte), node, lambda _: self.text(node.children[1]))
            case "block" if node.parent.type == "function_item":
                return self.body(node)
            case "match_arm":
                return self.arm(node)
            case "const_item" if (name := node.child_by_field_name("name")).text in self.constants:
                return self.constant(node, name)
            case "identifier" if node.text in self.constants:
                return self.chosen(node)
            case _:
                return self.inside(node)

    def operator(self, node) -> bytes:
        left, sign, right = (node.child_by_field_name(name) for name in ("left", "operator", "right"))
        mutants = self.take(sign.start_byte, sign.end_byte)
        return self.choice(
            mutants, node, lambda mutant: b"(%b) %b (%b)" % (self.text(left), mutant.replacement.encode(), self.text(right))
        )

    def choice(self, mutants, node, other) -> bytes:
        if not mutants:
            return self.inside(node)
        out = b"("
        for mutant in mutants:
            out += marked(mutant, b"if %b { %b }" % (on(mutant), other(mutant))) + b" else "
        return out + b"{ (" + self.inside(node) + b") })"

    def body(self, node) -> bytes:
        # All statements, without the braces.
        inner = node.children[1:-1]
        mutants = []
        for start, end in [place for place in self.by_place if node.start_byte < place[0] and place[1] < node.end_byte]:
            of_place = self.by_place[start, end]
            # One that gives something else back elsewhere cannot be wrapped.
            if of_place[0].opaque and any(child.type == "return_expression" for child in descendants(node)):
                continue
            if of_place[0].genre == "FnValue" and inner and deepest_block(node, start, end) is None:
                mutants += self.by_place.pop((start, end))
        empty = next((mutant for mutant in mutants if mutant.opaque), None)
        if empty:
            # All that is given back has to have one type.
            mark = marked(empty, b"crate::mutants::Empty(%b, " % on(empty))
            return b"{" + mark + b"{" + self.inside(node, node.start_byte + 1) + b")}"
        returns = b"".join(
            marked(mutant, b" if %b { return %b; } " % (on(mutant), mutant.replacement.encode())) for mutant in mutants
        )
        return b"{" + returns + self.inside(node, node.start_byte + 1)

    def constant(self, node, name) -> bytes:
        """The constant, and one more for each of its mutants."""
        out = self.text(node)
        for place in list(self.by_place):
            if not (node.start_byte <= place[0] and place[1] <= node.end_byte):
                continue
            for mutant in [each for each in self.by_place[place] if each in self.constants[name.text]]:
                self.by_place[place].remove(mutant)
                new = [
                    self.code[node.start_byte : name.end_byte],
                    b"_%d" % mutant.number,
                    self.code[name.end_byte : place[0]],
                    mutant.replacement.encode(),
                    b" ",
                    self.code[place[1] : node.end_byte],
                ]
                out += b"\n" + marked(mutant, b"".join(new))
        return out

    def chosen(self, node) -> bytes:
        """A constant where it is used. By reference, as it may be a table."""
        out = b"(*("
        for mutant in self.constants[node.text]:
            out += marked(mutant, b"if %b { &%b_%d }" % (on(mutant), node.text, mutant.number)) + b" else "
        return out + b"{ &%b }))" % node.text

    def arm(self, node) -> bytes:
        pattern = node.child_by_field_name("pattern")
        deleted = self.take(node.start_byte, node.end_byte)
        if not deleted:
            # Where a comma ends the arm.
            deleted = next(
                (
                    self.by_place.pop(place)
                    for place in list(self.by_place)
                    if place[0] == pattern.start_byte and self.by_place[place][0].genre == "MatchArm"
                ),
                [],
            )
        guard = pattern.child_by_field_name("condition")
        guards = self.take(guard.start_byte, guard.end_byte) if guard else []
        if not deleted and not guards:
            return self.inside(node)
        first = pattern.children[0].start_byte
        bare_end = guard.prev_sibling.start_byte if guard else pattern.end_byte
        before = self.inside(node, node.start_byte, first) + self.code[first:bare_end].rstrip()
        conditions = [marked(mutant, b"!" + on(mutant)) for mutant in deleted]
        if guard:
            inner = self.node(guard)
            if guards:
                inner = b"(" + b"".join(
                    marked(mutant, b"if %b { %b }" % (on(mutant), mutant.replacement.encode())) + b" else "
                    for mutant in guards
                ) + b"{ " + inner + b" })"
            conditions.append(b"(" + inner + b")" if conditions else inner)
        return before + b" if " + b" && ".join(conditions) + self.inside(node, pattern.end_byte)


def deepest_block(node, start: int, end: int):
    """A function inside this one that has the place."""
    for child in node.children:
        if child.start_byte <= start and end <= child.end_byte:
            if child.type == "function_item":
                return child
            if found := deepest_block(child, start, end):
                return found
    return None


def on(mutant: Mutant) -> bytes:
    return b"crate::mutants::on(%d)" % mutant.number


def marked(mutant: Mutant, text: bytes) -> bytes:
    return b"/*~<%d~*/%b/*~>%d~*/" % (mutant.number, text, mutant.number)
