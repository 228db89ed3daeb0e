import { type Node, parse } from 'acorn';
import {
  PYTHON_CONTROLLER,
  PYTHON_DEVICE,
  type PythonMethod,
  toCamelCase,
} from '../../core/control/python-names.ts';
import { fromPython } from './python.ts';

/** What was typed, ready to be run and to be saved. */
export interface Translation {
  /**
   * JavaScript statements for the inside of an async function: promises are awaited, declarations of the top have
   * become assignments, methods have their names here.
   */
  readonly statements: string;
  /** The same, with the value of a last expression returned. */
  readonly body: string;
  /** Names that are given a value at the top. */
  readonly assigned: readonly string[];
}

/** More has to be typed. */
export const INCOMPLETE: unique symbol = Symbol('incomplete');

/** Any node of the syntax tree, by its fields. */
type Tree = Node & Readonly<Record<string, unknown>>;

/**
 * Reads what was typed (docs/repl.md, "What can be typed"). `INCOMPLETE` when more lines are needed. Throws
 * SyntaxError.
 */
export function translate(typed: string): Translation | typeof INCOMPLETE {
  const { code, isOpen } = fromPython(typed);
  if (isOpen) return INCOMPLETE;
  // An object at the beginning of a line is meant as one, not as a block.
  const isObject = /^\s*\{/.test(code) && !/;\s*$/.test(code);
  try {
    if (isObject) return translated(`(${code})`);
  } catch {
    // A block after all.
  }
  try {
    return translated(code);
  } catch (error) {
    if (isUnfinished(error, code)) return INCOMPLETE;
    throw error;
  }
}

function isUnfinished(error: unknown, code: string): boolean {
  if (!(error instanceof SyntaxError)) return false;
  const { pos = 0 } = error as SyntaxError & { pos?: number };
  return /^Unterminated (template|comment)/.test(error.message) || pos >= code.trimEnd().length;
}

function translated(code: string): Translation {
  const program = parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'script',
    allowAwaitOutsideFunction: true,
  }) as unknown as Tree;
  const writer = new Writer(code, !has(program, 'AwaitExpression'));
  const statements = childrenOf(program).map((statement) => writer.topStatement(statement));
  const lastNode = childrenOf(program).at(-1);
  const body = [...statements];
  if (lastNode?.type === 'ExpressionStatement') {
    body[body.length - 1] = `return (${writer.render(lastNode.expression as Tree)});`;
  }
  return { statements: statements.join('\n'), body: body.join('\n'), assigned: [...writer.assigned] };
}

class Writer {
  readonly assigned = new Set<string>();
  readonly #code: string;
  /** Calls of the top are awaited, because nothing is by hand. */
  readonly #awaits: boolean;

  constructor(code: string, awaits: boolean) {
    this.#code = code;
    this.#awaits = awaits;
  }

  /** A statement of the top: what it declares becomes an assignment. */
  topStatement(node: Tree): string {
    switch (node.type) {
      case 'VariableDeclaration': {
        const parts = (node.declarations as Tree[]).map((declarator) => {
          const target = declarator.id as Tree;
          this.#assign(target);
          const value = declarator.init === null ? 'undefined' : this.render(declarator.init as Tree);
          const text = `${this.render(target)} = ${value}`;
          return target.type === 'ObjectPattern' ? `(${text})` : text;
        });
        return `${parts.join(', ')};`;
      }
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
        this.#assign(node.id as Tree);
        return `${textOf(node.id as Tree)} = ${this.render(node)};`;
      case 'ExpressionStatement':
        return `${this.render(node).replace(/;?\s*$/, '')};`;
      default:
        return this.render(node);
    }
  }

  /** The text of a node, with everything inside translated. */
  render(node: Tree, isInside = false, parent: Tree | null = null): string {
    switch (node.type) {
      case 'Identifier':
        return CONSTANTS.get(textOf(node)) ?? textOf(node);
      case 'AssignmentExpression':
        if (!isInside) this.#assign(node.left as Tree);
        return this.#pieces(node, isInside);
      case 'CallExpression':
        return this.#call(node, isInside, parent);
      case 'MemberExpression':
        return this.#member(node, isInside);
      case 'Property':
        return this.#property(node, isInside);
      default:
        return this.#pieces(node, isInside || isFunction(node));
    }
  }

  /** The source between the children, and the children. */
  #pieces(node: Tree, isInside: boolean): string {
    let text = '';
    let at = node.start;
    for (const child of childrenOf(node)) {
      text += this.#code.slice(at, child.start) + this.render(child, isInside, node);
      at = child.end;
    }
    return text + this.#code.slice(at, node.end);
  }

  #call(node: Tree, isInside: boolean, parent: Tree | null): string {
    const method = methodOf(node.callee as Tree);
    const callee = this.render(node.callee as Tree, isInside, node);
    const args = (node.arguments as Tree[]) ?? [];
    const text = `${callee}${node.optional === true ? '?.' : ''}(${this.#arguments(args, method, isInside)})`;
    if (isInside || !this.#awaits) return text;
    return needsParentheses(node, parent) ? `(await ${text})` : `await ${text}`;
  }

  /** Python's keywords, and the positions of Python's methods, are put where the method here has them. */
  #arguments(args: readonly Tree[], method: MethodUse | null, isInside: boolean): string {
    const render = (arg: Tree) => this.render(arg, isInside);
    const keywords = args.filter((arg) => arg.type === 'AssignmentExpression' && arg.operator === '=');
    if (method === null || (keywords.length === 0 && !method.isPython)) return args.map(render).join(', ');
    const { parameters, positionCount } = method.about;
    const values = new Map<string, string>();
    const positions: string[] = [];
    for (const [i, arg] of args.filter((arg) => !keywords.includes(arg)).entries()) {
      const parameter = parameters[i];
      // What Python has and walbox does not is left out; what has no name stays where it stands.
      if (parameter === null) continue;
      const isOption = i >= positionCount && (method.isPythonOnly || isValue(arg));
      if (parameter !== undefined && isOption) values.set(parameter, render(arg));
      else positions.push(render(arg));
    }
    const places = parameters.slice(0, positionCount).filter((name) => name !== null);
    for (const keyword of keywords) {
      const name = textOf(keyword.left as Tree);
      const value = this.render(keyword.right as Tree, isInside);
      const place = places.indexOf(name);
      if (place < 0) {
        // An unknown name, or one that walbox does not have.
        if (!parameters.includes(name) && !UNUSED_KEYWORDS.has(name)) {
          throw new SyntaxError(`${method.about.name} has no argument ${name}`);
        }
        if (parameters.includes(name)) values.set(name, value);
        continue;
      }
      while (positions.length < place) positions.push('undefined');
      positions[place] = value;
    }
    if (values.size === 0) return positions.join(', ');
    while (positions.length < positionCount) positions.push('undefined');
    const fields = [...values].map(([name, value]) => (name === value ? name : `${name}: ${value}`));
    return [...positions, `{ ${fields.join(', ')} }`].join(', ');
  }

  /** A method that is written as in Python gets its name here. */
  #member(node: Tree, isInside: boolean): string {
    const index = node.property as Tree;
    // `list[-1]` of Python.
    if (node.computed === true && index.type === 'UnaryExpression' && index.operator === '-') {
      return `${this.render(node.object as Tree, isInside, node)}.at(${this.render(index, isInside)})`;
    }
    if (node.computed !== true && node.optional !== true) {
      const property = this.#code.slice(index.start, index.end);
      const name = methodOf(node)?.about.name ?? property;
      const between = this.#code.slice((node.object as Tree).end, index.start);
      return `${this.render(node.object as Tree, isInside, node)}${between}${name}`;
    }
    return this.#pieces(node, isInside);
  }

  /** `{ gid }` stays one name; keys are no values. */
  #property(node: Tree, isInside: boolean): string {
    if (node.shorthand === true) {
      const name = textOf(node.key as Tree);
      const constant = CONSTANTS.get(name);
      return constant === undefined ? this.#code.slice(node.start, node.end) : `${name}: ${constant}`;
    }
    if (node.computed === true || node.method === true || node.kind !== 'init')
      return this.#pieces(node, isInside);
    const [key, value] = [node.key as Tree, node.value as Tree];
    return `${this.#code.slice(key.start, key.end)}: ${this.render(value, isInside, node)}`;
  }

  /** Notes the names that a target gives values to. */
  #assign(target: Tree): void {
    if (target.type === 'Identifier') this.assigned.add(textOf(target));
    else if (target.type === 'Property') this.#assign(target.value as Tree);
    else if (target.type === 'AssignmentPattern') this.#assign(target.left as Tree);
    else if (/Pattern$|RestElement/.test(target.type))
      for (const child of childrenOf(target)) this.#assign(child);
  }
}

/** Python's names of values. */
const CONSTANTS: ReadonlyMap<string, string> = new Map([
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
]);

/** Keywords of the Python library that say how a child process is run. */
const UNUSED_KEYWORDS: ReadonlySet<string> = new Set(['putMsg', 'quietErr', 'isDebug']);

/** A method of controller or device that is called. */
interface MethodUse {
  readonly about: PythonMethod;
  /** The name is Python's. */
  readonly isPython: boolean;
  /** And it is not the name here as well, so that the arguments are Python's too. */
  readonly isPythonOnly: boolean;
}

/** The method that `walbc.NAME` or `wdevN.NAME` is; null for anything else. */
function methodOf(node: Tree): MethodUse | null {
  if (node.type !== 'MemberExpression' || node.computed === true) return null;
  const object = node.object as Tree;
  if (object.type !== 'Identifier') return null;
  const called = textOf(object);
  const table =
    called === 'walbc' ? PYTHON_CONTROLLER : /^(s\d+_)?wdev\d*$/.test(called) ? PYTHON_DEVICE : null;
  if (table === null) return null;
  const name = textOf(node.property as Tree);
  const about = table.get(name);
  if (about !== undefined) return { about, isPython: true, isPythonOnly: about.name !== name };
  const own = [...table.values()].find((one) => one.name === name);
  if (own !== undefined) return { about: own, isPython: false, isPythonOnly: false };
  if (!name.includes('_')) return null;
  // What Python does not have at all, in its spelling.
  const other = { name: toCamelCase(name), parameters: [], positionCount: 0 };
  return { about: other, isPython: true, isPythonOnly: false };
}

/** A number or the like, as Python passes options by position; options here are an object. */
function isValue(node: Tree): boolean {
  return node.type === 'Literal' || CONSTANTS.has(textOf(node)) || /^[A-Z_]+$/.test(textOf(node));
}

/** `await` binds loosely: before a member, a call or `**` it is put into parentheses. */
function needsParentheses(node: Tree, parent: Tree | null): boolean {
  if (parent === null) return false;
  switch (parent.type) {
    case 'MemberExpression':
      return parent.object === node;
    case 'CallExpression':
    case 'NewExpression':
      return parent.callee === node;
    case 'TaggedTemplateExpression':
    case 'ChainExpression':
      return true;
    case 'BinaryExpression':
      return parent.operator === '**';
    default:
      return false;
  }
}

function isFunction(node: Tree): boolean {
  return /Function|Class|PropertyDefinition|StaticBlock/.test(node.type);
}

function textOf(node: Tree): string {
  return typeof node.name === 'string' ? node.name : '';
}

/** Whether there is such a node outside of functions. */
function has(node: Tree, type: string): boolean {
  if (node.type === type) return true;
  if (isFunction(node)) return false;
  return childrenOf(node).some((child) => has(child, type));
}

/** The nodes directly below one, in the order of the source. */
function childrenOf(node: Tree): Tree[] {
  const children: Tree[] = [];
  const add = (value: unknown) => {
    if (isTree(value)) children.push(value);
  };
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) value.forEach(add);
    else add(value);
  }
  return children.sort((a, b) => a.start - b.start);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value;
}
