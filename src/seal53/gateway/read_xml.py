"""An XML document -> the members of a structure, as it streams by: the body of a rest-xml request.

What stands where it may not ends the reading at once, so that what is held in memory is what the shape has
room for, and nothing nests deeper than the shape. Checked is what an XML schema would: which elements, each
once, none missing, text where text belongs, enumerations; the texts are those of Xerces, as Route 53 repeats
them. Their order does not matter to us, as SDKs differ. No DOCTYPE and no entities. Limits (lengths,
patterns) are `validate`'s.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from xml.parsers import expat

from seal53.gateway import scalars
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.shapes import Shape

_TEXT_PIECE = 65_536  # octets of a text that expat tells at once
_SHOWN = 256  # characters of a value or a name that a refusal repeats

Reading = Callable[[bytes], dict[str, Any]]


@dataclass(slots=True, eq=False)
class _Node:
    """An element as the shape has it.

    Structure: `children` by tag, `required` members. List: its one child, whose member is None. Scalar:
    `read`. A tag is expat's "namespace name", or the bare name: clients leave the namespace out.
    """

    name: str
    make: Callable[[], Any]
    children: dict[str, "tuple[str | None, _Node]"] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    read: Callable[[str, str], Any] | None = None
    order: tuple[tuple[str, str], ...] = ()  # (member, name) in the order of the schema


def reading(shape: Shape, members: Mapping[str, Shape], namespace: str) -> Reading:
    """Makes the reader of an operation's documents; `members` are those of its shape that lie in the body."""
    expected: str = shape.named(shape.name)
    root = _structure(shape, members, expected, namespace)
    roots = {expected, f"{namespace} {expected}"}

    def read(body: bytes) -> dict[str, Any]:
        """Raises Refused (malformed or invalid)."""
        walk = _Walk(root, roots, namespace)
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = _TEXT_PIECE
        parser.StartElementHandler = walk.start
        parser.EndElementHandler = walk.end
        parser.CharacterDataHandler = walk.characters
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(body, True)
        except (expat.ExpatError, ValueError, LookupError) as failure:
            raise Refused(Reason.MALFORMED, f"The request body is not well-formed XML: {failure}") from None
        return walk.found

    return read


def _structure(shape: Shape, members: Mapping[str, Shape], name: str, namespace: str) -> _Node:
    node = _Node(
        name=name,
        make=dict,
        required=frozenset(shape.required) & members.keys(),
        order=tuple((member, s.named(member)) for member, s in members.items()),
    )
    for member, member_shape in members.items():
        child = _node(member_shape, member_shape.named(member), namespace)
        _add(node, child, member, namespace)
    return node


def _node(shape: Shape, name: str, namespace: str) -> _Node:
    if shape.kind == "structure":
        return _structure(shape, shape.members, name, namespace)
    if shape.item is not None:
        node = _Node(name=name, make=list)
        _add(node, _node(shape.item, shape.item.named("member"), namespace), None, namespace)
        return node
    read = scalars.reader(shape)
    if shape.values:
        return _Node(name=name, make=_none, read=_one_of(shape.values))
    # XML has neither NUL nor surrogates: plain text needs no look.
    return _Node(name=name, make=_none, read=_as_it_is if read is scalars.clean else read)


def _add(node: _Node, child: _Node, member: str | None, namespace: str) -> None:
    node.children[child.name] = node.children[f"{namespace} {child.name}"] = (member, child)


def _none() -> None:
    return None


def _as_it_is(text: str, name: str) -> str:
    return text


def _one_of(values: tuple[str, ...]) -> Callable[[str, str], str]:
    known = {value: value for value in values}

    def read(text: str, name: str) -> str:
        found = known.get(text)
        if found is None:
            _refuse(
                f"cvc-enumeration-valid: Value '{text[:_SHOWN]}' is not facet-valid with respect to "
                f"enumeration '[{', '.join(values)}]'. It must be a value from the enumeration."
            )
        return found

    return read


class _Walk:
    """One document on its way through the parser."""

    def __init__(self, root: _Node, roots: set[str], namespace: str) -> None:
        self.found: dict[str, Any] = {}
        self._root = root
        self._roots = roots
        self._namespace = namespace
        self._node: _Node | None = None
        self._value: Any = None
        self._text = ""
        self._above: list[tuple[_Node | None, Any, str | None]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        node = self._node
        if node is None:
            self._begin(tag)
            return
        known = node.children.get(tag)
        if known is None:
            self._refuse_child(node, tag)
        member, child = known
        value = self._value
        if member is not None and member in value:
            self._refuse_child(node, tag)
        self._above.append((node, value, member))
        self._node = child
        self._value = child.make()
        self._text = ""

    def _begin(self, tag: str) -> None:
        if tag not in self._roots:
            raise Refused(
                Reason.MALFORMED, f"{_shown(tag, self._namespace)} is not valid, expected {self._root.name}"
            )
        self._above.append((None, None, None))
        self._node = self._root
        self._value = self.found

    def characters(self, text: str) -> None:
        node = self._node
        assert node is not None  # expat itself refuses text outside of the root
        if node.read is not None:
            self._text += text
        elif text.strip(" \t\r\n"):
            _refuse(
                f"cvc-complex-type.2.3: Element '{node.name}' cannot have character [children], "
                "because the type is element-only."
            )

    def end(self, tag: str) -> None:
        node = self._node
        assert node is not None  # expat pairs the tags
        if node.read is not None:
            try:
                value = node.read(self._text, node.name)
            except scalars.NotOfType as wrong:
                _refuse(f"cvc-datatype-valid.1.2.1: '{wrong.text}' is not a valid value for '{wrong.kind}'.")
        else:
            value = self._value
            if node.required and not node.required <= value.keys():
                self._refuse_content(node, value)
        self._node, above, member = self._above.pop()
        self._value = above
        if member is not None:
            above[member] = value
        elif above is not None:
            above.append(value)

    def _refuse_child(self, node: _Node, tag: str) -> NoReturn:
        if node.read is not None:
            _refuse(
                f"cvc-type.3.1.2: Element '{node.name}' is a simple type, "
                "so it must have no element information item [children]."
            )
        if node.order:
            expected = [name for member, name in node.order if member not in self._value]
        else:
            expected = [next(iter(node.children))]
        _refuse(
            "cvc-complex-type.2.4.a: Invalid content was found starting with element "
            f"'{_shown(tag, self._namespace)}'. One of '{self._set(expected)}' is expected."
        )

    def _refuse_content(self, node: _Node, value: dict[str, Any]) -> NoReturn:
        """What Xerces says when it reads the elements in order and misses one: it names the one that it did
        not expect or, at the end, the element that is not complete.
        """
        expected: list[str] = []
        for at, (member, name) in enumerate(node.order):
            if member in value:
                expected = []
                continue
            expected.append(name)
            if member in node.required:
                later = next((n for m, n in node.order[at:] if m in value), None)
                break
        if later is None:
            _refuse(
                f"cvc-complex-type.2.4.b: The content of element '{node.name}' is not complete. "
                f"One of '{self._set(expected)}' is expected."
            )
        _refuse(
            f"cvc-complex-type.2.4.a: Invalid content was found starting with element '{later}'. "
            f"One of '{self._set(expected)}' is expected."
        )

    def _set(self, names: list[str]) -> str:
        return "{" + ", ".join(f'"{self._namespace}":{name}' for name in names) + "}"


def _shown(tag: str, namespace: str) -> str:
    """A tag as it is shown: the name, with its namespace when that is not the service's."""
    uri, _, name = tag.rpartition(" ")
    return name[:_SHOWN] if uri in ("", namespace) else f"{{{uri[:_SHOWN]}}}{name[:_SHOWN]}"


def _refuse_doctype(*_: object) -> NoReturn:
    raise Refused(Reason.MALFORMED, "DOCTYPE and entity declarations are not allowed")


def _refuse(violation: str) -> NoReturn:
    raise Refused(Reason.INVALID, f"Invalid XML ; {violation}")
