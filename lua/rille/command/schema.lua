--- `rille validate`, `rille format`, `rille generate`: the commands that need only the schema.
local rille = require "rille"
local tools = rille.tools
local errors = tools.errors
local files = require "rille.command.files"
local output = require "rille.command.output"

local function read_stdin() return io.read "*a" or "" end

-- Adds file names to diagnostics of texts, which do not know them.
local function invalid(diagnostics, path)
  for _, d in ipairs(diagnostics) do d.file = path end
  local e = errors.new("P1012", ("%s:%d:%d: %s"):format(path, diagnostics[1].line, diagnostics[1].column, diagnostics[1].message), { file = path })
  e.diagnostics = diagnostics
  return e
end

local function run_validate(call)
  local path = call.args.path or call.args.schema
  if path == "-" then
    local ok, diagnostics = rille.validate(read_stdin())
    if not ok then error(invalid(diagnostics, "stdin"), 0) end
    path = "stdin"
  else
    call.args.schema = path
    path = call:schema_path()
    tools.schema { path = path, url = call.args.url }
  end
  call.out:done("%s is valid", path)
  return { ok = true, schema = path, diagnostics = output.list {} }
end

local function format_stdin(call)
  local text = read_stdin()
  local formatted = rille.format(text)
  local changed = text ~= formatted
  if call.args.check then
    if changed then call.out:fail "stdin is not formatted" end
    return { ok = not changed, changed = output.list(changed and { "stdin" } or {}) }, changed and 1 or 0
  end
  call.out:data_on_stdout()
  call.out:data(formatted)
  return { ok = true, changed = output.list(changed and { "stdin" } or {}), text = formatted }
end

local function run_format(call)
  local args, out = call.args, call.out
  local path = args.path or args.schema
  if path == "-" then return format_stdin(call) end
  args.schema = path
  path = call:schema_path()
  local changed = {}
  for _, file in ipairs(call.schema_files(path)) do
    local ok, formatted = pcall(rille.format, file.text)
    if not ok then
      if not errors.is_error(formatted) then error(formatted, 0) end
      if formatted.diagnostics then error(invalid(formatted.diagnostics, file.path), 0) end
      error(errors.new(formatted.code, file.path .. ": " .. formatted.message, formatted.meta), 0)
    end
    if formatted ~= file.text then
      changed[#changed + 1] = file.path
      if args.check then out:fail("%s is not formatted", file.path)
      else
        files.write(file.path, formatted)
        out:done("%s formatted", file.path)
      end
    end
  end
  if #changed == 0 then out:done("%s is formatted", path) end
  if args.check and #changed > 0 then out:line("`rille format` does it.") end
  return { ok = not (args.check and #changed > 0), schema = path, changed = output.list(changed) }, args.check and #changed > 0 and 1 or 0
end

local function run_generate(call)
  local generate = rille.generate
  local args, out = call.args, call.out
  for _, path in ipairs { args.output or ".", args.erd or ".", args.mermaid or "." } do files.make_room(path) end
  local picture = args.erd or args.mermaid
  local made = generate.run {
    schema = call:schema_path(), url = args.url, output = args.output, erd = args.erd, mermaid = args.mermaid, prefix = args.prefix,
    extension = args.extension,
    types = not picture or args.output ~= nil,
  }
  for _, path in ipairs(made.files) do out:done("%s", path) end
  return { files = output.list(made.files) }
end

return {
  {
    name = "validate",
    usage = "[options] [<path>]",
    summary = "Check the schema.",
    description = "Checks the schema and shows every error with its line. `-` reads it from standard input.",
    examples = { { "rille validate" }, { "rille validate --json", "The errors for a program or an editor." } },
    define = function(p) p:argument("path", "Schema file or folder, like --schema."):args "?" end,
    run = run_validate,
  },
  {
    name = "format",
    usage = "[options] [<path>]",
    summary = "Format the schema.",
    description = "Formats the schema as Prisma does, in place. `-` formats standard input to standard output.",
    exit_codes = "0 done; 1 error, or something is not formatted (--check); 2 wrong usage.",
    examples = {
      { "rille format" }, { "rille format --check", "Changes nothing; exit code 1 if something would change." },
      { "rille format - <a.prisma >b.prisma" },
    },
    define = function(p)
      p:argument("path", "Schema file or folder, like --schema."):args "?"
      p:flag "--check":description "Only check whether it is formatted."
    end,
    run = run_format,
  },
  {
    name = "generate",
    summary = "Write types for editors, or the schema as a picture.",
    description = "Writes annotations for lua-language-server, so that an editor completes and checks db.user:find_many { ... }; with --erd or "
      .. "--mermaid, the schema as a picture instead (with --output, both). migrate dev and db pull keep existing types up to date.",
    examples = { { "rille generate" }, { "rille generate --erd schema.svg", "A picture, with Graphviz." }, { "rille generate --mermaid schema.mmd" } },
    define = function(p)
      p:option "--output":hidden_name "-o":argname "<path>":description "(-o) Where to write the types."
      p:option "--prefix":argname "<name>":description "The variable of the client: db."
      p:option "--extension":argname "<file>":description "A file that returns an extension (db:extend), for its fields and methods."
      p:option "--erd":argname "<file>":description "A picture of the schema: .svg, with Graphviz, or .dot."
      p:option "--mermaid":argname "<file>":description "The schema as a Mermaid diagram."
    end,
    run = run_generate,
  },
}
