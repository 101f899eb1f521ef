-- Help, wrong usage, and what every command has in common.
local harness = require "command.harness"
local support = require "support"

local COMMANDS = {
  "init", "validate", "format", "generate", "migrate dev", "migrate deploy", "migrate status", "migrate reset", "migrate resolve", "migrate diff",
  "migrate down", "db push", "db pull", "db seed", "db execute", "db backup", "db restore", "db export",
  "db import", "console", "doctor", "version", "completion", "help",
}

describe("the command", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(support.cleanup)

  it("says what there is", function()
    for _, arguments in ipairs { "", "--help", "-h", "help" } do
      local said = harness.ok(folder, arguments).out
      for _, word in ipairs { "init", "validate", "format", "generate", "migrate", "db", "console", "doctor", "version", "completion", "Exit codes" } do
        assert.truthy(said:find(word, 1, true), arguments .. ": " .. word)
      end
    end
    assert.truthy(harness.ok(folder, "migrate").out:find("deploy", 1, true))
    assert.truthy(harness.ok(folder, "db").out:find("restore", 1, true))
  end)

  it("has help with an example, the common options and the exit codes for each command", function()
    for _, name in ipairs(COMMANDS) do
      local said = harness.ok(folder, name .. " --help").out
      for _, word in ipairs { "Usage: rille " .. name, "Examples:\n   ", "--schema", "--url", "--json", "--no-color", "Exit codes: 0" } do
        assert.truthy(said:find(word, 1, true), name .. ": " .. word)
      end
      assert.equal(said, harness.ok(folder, "help " .. name).out)
    end
  end)

  it("answers in JSON also where only help or the version is asked for", function()
    local asked = { [""] = "rille", ["--help"] = "rille", ["db"] = "rille db", ["migrate dev --help"] = "rille migrate dev", help = "rille" }
    for arguments, command in pairs(asked) do
      local document = harness.json(folder, arguments)
      assert.equal(command, document.command)
      assert.truthy(document.help:find("Usage: " .. command, 1, true))
    end
    assert.same({ rille = require("rille").version }, (harness.json(folder, "--version")))
  end)

  it("has help that fits a terminal of 80 columns", function()
    for _, name in ipairs(COMMANDS) do
      for line in harness.ok(folder, name .. " --help").out:gmatch "[^\n]+" do
        if not line:find "^   %S" then assert.truthy(#line <= 80, name .. ": " .. line) end
      end
    end
  end)

  it("fails when its output cannot be written", function()
    support.write(folder .. "/schema.prisma", "model Note {\n  id Int @id\n}\n")
    for _, arguments in ipairs { "validate", "validate --json", "migrate diff --from-empty --to-schema schema.prisma --script" } do
      local pipe = io.popen(("cd '%s' && rille %s --url file:x.db 2>&1 >/dev/full; echo $?"):format(folder, arguments))
      local said = pipe:read "a"
      pipe:close()
      assert.truthy(said:find "^error: the output cannot be written: [^\n]+\n1\n$", arguments .. ": " .. said)
    end
  end)

  it("ends with 130 when it is interrupted, in scripts too", function()
    support.write(folder .. "/schema.prisma", "model Note {\n  id Int @id\n}\n")
    support.write(folder .. "/stop.lua", "io.popen('kill -INT $PPID'):close()\nwhile true do end\n")
    assert.equal("error: interrupted\n", harness.ok(folder, "db seed --script stop.lua --url file:x.db", { status = 130 }).err)
    assert.equal("error: interrupted\n", harness.ok(folder, "console --url file:x.db", { input = harness.read(folder .. "/stop.lua"), status = 130 }).err)
  end)

  it("ends with 2 after wrong usage, and names what was meant", function()
    local cases = {
      { "migrat", "unknown command `migrat`; did you mean `migrate`?" },
      { "deploy", "unknown command `deploy`; did you mean `rille migrate deploy`?" },
      { "migrate deplyo", "did you mean `deploy`?" },
      { "db push --accept-dataloss", "did you mean `--accept-data-loss`?" },
      { "help nothing", "there is no command `rille nothing`" },
      { "help mirgate", "did you mean `rille migrate`?" },
      { "help migrate deplyo", "did you mean `rille migrate deploy`?" },
      { "migrate down --steps 0", "expected an integer from 1" },
      { "migrate dev --name", "--name" },
      { "migrate resolve", "--applied NAME or --rolled-back NAME" },
      { "migrate resolve --applied a --rolled-back b", "--rolled-back" },
      { "migrate diff --from-empty", "one of --to-empty" },
      { "migrate diff --from-empty --from-url file:x.db --to-empty", "--from-empty and --from-url exclude each other" },
      { "migrate down --steps x", "expected an integer from 1" },
      { "migrate down --steps 1 --to a", "exclude each other" },
      { "db execute", "--file FILE or --stdin" },
      { "db execute --file a --stdin", "exclude each other" },
      { "db backup", "missing argument `file`" },
      { "init --provider mysql", "`sqlite`, `postgresql`" },
      { "completion tcsh", "`bash`, `zsh`, `fish`" },
      { "validate a b", "too many arguments" },
    }
    for _, case in ipairs(cases) do
      local result = harness.ok(folder, case[1], { status = 2 })
      assert.equal("", result.out)
      assert.truthy(result.err:find(case[2], 1, true), case[1] .. ": " .. result.err)
      local document = harness.json(folder, case[1], { status = 2 })
      assert.equal("USAGE", document.error.code)
      assert.is_false(document.ok)
    end
  end)

  it("names the help of the command that was called wrongly", function()
    assert.truthy(harness.ok(folder, "migrate dev --nam x", { status = 2 }).err:find("`rille migrate dev --help`", 1, true))
  end)

  it("takes the common options before and after its name", function()
    support.write(folder .. "/other.prisma", "model Note {\n  id Int @id\n}\n")
    assert.equal("other.prisma", harness.json(folder, "validate --schema other.prisma").schema)
    assert.equal("other.prisma", harness.json(folder, "--schema other.prisma validate").schema)
  end)

  it("shows errors on stderr, as JSON on stdout with --json", function()
    local result = harness.ok(folder, "validate", { status = 1 })
    assert.equal("", result.out)
    assert.truthy(result.err:find("error P1012: no schema was found", 1, true))
    local document = harness.json(folder, "validate", { status = 1 })
    assert.equal("P1012", document.error.code)
    assert.equal("validation", document.error.kind)
  end)

  it("shows no password", function()
    support.write(folder .. "/schema.prisma", "model Note {\n  id Int @id\n}\n")
    local lines = {}
    for i, name in ipairs { "db push", "migrate reset", "db push --force-reset", "doctor", "db pull", "version", "migrate status" } do
      lines[i] = name .. " --url 'postgresql://someone:verysecret@127.0.0.1:1/nowhere?connect_timeout=1'"
    end
    for i, result in ipairs(harness.together(folder, lines)) do
      assert.truthy(#result.out + #result.err > 0, lines[i])
      assert.falsy((result.out .. result.err):find("verysecret", 1, true), lines[i])
    end
  end)

  it("shows no colours where there is no terminal", function()
    for _, name in ipairs { "--help", "validate", "version" } do
      local result = harness.run(folder, name)
      assert.falsy((result.out .. result.err):find("\27", 1, true))
    end
  end)

  it("says its versions", function()
    assert.equal("rille " .. require("rille").version .. "\n", harness.ok(folder, "--version").out)
    local document = harness.json(folder, "version")
    assert.equal(require("rille").version, document.rille)
    assert.equal("5.4", document.lua)
    assert.truthy(document.sqlite:find "^3%.")
    assert.truthy(document.libpq:find "^%d+%.%d+$")
    assert.is_nil(document.server)
    local said = harness.ok(folder, "version").out
    assert.truthy(said:find("SQLite   3.", 1, true))
    assert.truthy(said:find("libpq    " .. document.libpq, 1, true))
    if support.server then
      assert.truthy(harness.json(folder, "version", { url = support.server }).server:find "^%d+")
    end
  end)

  it("completes for bash, zsh and fish", function()
    for shell, word in pairs { bash = "complete -F _rille -o bashdefault -o default rille", zsh = "#compdef rille", fish = "complete -c rille" } do
      local script = harness.ok(folder, "completion " .. shell).out
      assert.truthy(script:find(word, 1, true), shell)
      assert.truthy(script:find("accept-data-loss", 1, true), shell)
      assert.equal(script, harness.json(folder, "completion " .. shell).script)
    end
    support.write(folder .. "/try.sh", [[
eval "$(rille completion bash)"
COMP_WORDS=(rille migrate de) COMP_CWORD=2
_rille rille de migrate
printf '%s\n' "${COMPREPLY[@]}"
COMP_WORDS=(rille help doc) COMP_CWORD=2
_rille rille doc help
printf '%s\n' "${COMPREPLY[@]}"
]])
    local pipe = io.popen(("bash '%s/try.sh'"):format(folder))
    local completed = pipe:read "a"
    pipe:close()
    assert.equal("deploy\ndev\ndoctor\n", table.concat((function()
      local list = {}
      for line in completed:gmatch "%S+" do list[#list + 1] = line .. "\n" end
      table.sort(list)
      return list
    end)()))
  end)

  it("works when another Lua runs it, from its place and through a link", function()
    local pipe = io.popen "command -v rille"
    local program = pipe:read "l"
    pipe:close()
    os.execute(("ln -s '%s' '%s/linked'"):format(program, folder))
    local bare = { env = { LUA_PATH = ";;" }, program = "env -u LUA_CPATH ./linked" }
    if harness.has_terminal then assert.equal("rille " .. require("rille").version .. "\n", harness.ok(folder, "--version", bare).out) end
  end)
end)
