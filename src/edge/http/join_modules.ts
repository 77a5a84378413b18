/**
 * Makes one script of small modules, each behind those that it imports. Every module keeps its names
 * to itself, but those that it exports: functions and classes.
 */
export function joinModules(sources: readonly string[]): string {
  return `"use strict";\n{\n${sources.map(toBlock).join("")}}\n`;
}

function toBlock(source: string): string {
  const exported = [...source.matchAll(/^export (?:function|class) (\w+)/gm)]
    .map(([, name = ""]) => name);
  const body = source.replace(/^import [^;]+;$/gm, "").replace(/^export /gm, "");
  const names = exported.join(", ");
  return `const { ${names} } = (() => {\n${body}\nreturn { ${names} };\n})();\n`;
}
