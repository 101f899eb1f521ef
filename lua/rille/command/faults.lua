--- How the command shows errors: the code and the message, the line of the schema, what to do next.
local rille = require "rille"
local errors = rille.tools.errors
local output = require "rille.command.output"

local faults = {}

-- The flags of the command for the options that messages of the library name.
local ADVICE = {
  P3005 = "If its tables are those of a migration, record that: rille migrate resolve --applied NAME",
  P3018 = "Fix the migration or the database, then: rille migrate resolve --rolled-back NAME (it will run again) or --applied NAME",
}

local FLAGS = {
  { "`accept_data_loss = true`", "--accept-data-loss" }, { "`accept_data_loss`", "--accept-data-loss" }, { "accept_data_loss = true", "--accept-data-loss" },
  { "`reset = true`", "--force-reset" }, { "`reset` drops", "--force-reset drops" }, { "overwrite = true", "--force" },
  { "(create_only = true)", "(--create-only)" }, { "`create_only`", "--create-only" }, { "or give `url`", "or give --url" }, { "`force`", "--force" },
  { "name it with `schema` or give it as `schema_text`", "name it with --schema, or begin with `rille init`" },
  { "`shadow_url`", "--shadow-url" }, { "`erd`", "--erd" },
  { "name the schema with `schema`", "name it with --schema" },
  { "name the folder with `migrations`", "name it with --migrations" },
}

--- Rewrites a message of the library for the command: flags for options, commands for functions.
---@param message string
---@return string
function faults.in_flags(message)
  for _, pair in ipairs(FLAGS) do
    local from, to = message:find(pair[1], 1, true)
    while from do
      message = message:sub(1, from - 1) .. pair[2] .. message:sub(to + 1)
      from, to = message:find(pair[1], from + #pair[2], true)
    end
  end
  message = message:gsub("rille%.migrate%.resolve%s*{%s*(%l+)_?(%l*) = \"?([^\"%s}]+)\"?%s*}", function(verb, rest, name)
    return ("`rille migrate resolve --%s%s %s`"):format(verb, rest ~= "" and "-" .. rest or "", name)
  end)
  message = message:gsub("{ applied = \"?([^\"%s}]+)\"? }", "`--applied %1`")
  return (message:gsub("rille%.migrate%.(%l+)", "`rille migrate %1`"))
end
local in_flags = faults.in_flags

-- The part of a line before a column (in characters) as spaces. Tabs are kept, so the caret is below its character.
local function indent(text, column)
  local out, count = {}, 1
  for char in text:gmatch "[%z\1-\127\194-\244][\128-\191]*" do
    if count >= column then break end
    out[#out + 1] = char == "\t" and "\t" or " "
    count = count + 1
  end
  return table.concat(out)
end

--- Shows one diagnostic of a schema with its line and a caret.
---@param out table
---@param d rille.Diagnostic
---@param file string|nil the name to show
function faults.diagnostic(out, d, file)
  local colour = d.warning and "yellow" or "red"
  local gutter = (" "):rep(#tostring(d.line))
  out:line("%s %s", out:paint(colour, d.warning and "warning:" or "error:"), out:paint("bold", d.message))
  out:line("%s%s %s:%d:%d", gutter, out:paint("cyan", "-->"), d.file or file or "schema.prisma", d.line, d.column)
  if not d.source_line then return end
  local width = math.max(1, (d.end_column or d.column) - d.column)
  out:line("%s %s", gutter, out:paint("cyan", "|"))
  out:line("%s %s %s", out:paint("cyan", tostring(d.line)), out:paint("cyan", "|"), d.source_line)
  out:line("%s %s %s%s", gutter, out:paint("cyan", "|"), indent(d.source_line, d.column), out:paint(colour, ("^"):rep(width)))
end

local function show_diagnostics(out, list, file)
  local wrong = 0
  for i, d in ipairs(list) do
    if i > 1 then out:line() end
    faults.diagnostic(out, d, file)
    if not d.warning then wrong = wrong + 1 end
  end
  if wrong > 0 then
    out:line()
    out:line("%s", out:paint("red", ("%d error%s in the schema"):format(wrong, wrong == 1 and "" or "s")))
  end
end

-- Shows details that are not in the message.
local function show_lists(out, meta, message)
  for _, key in ipairs { "reasons", "warnings", "problems" } do
    local list = type(meta) == "table" and meta[key]
    if type(list) == "table" and type(list[1]) == "string" and message:find(list[1], 1, true) then list = nil end
    for _, text in ipairs(type(list) == "table" and list or {}) do
      out:line("  - %s", type(text) == "table" and (text.message or output.encode(text)) or tostring(text))
    end
  end
  local logs = type(meta) == "table" and (meta.logs or meta.log)
  for line in (type(logs) == "string" and logs or ""):gmatch "[^\n]+" do
    local reason = line:match "^the migration %S+ failed: (.*)$" or line
    if not message:find(reason, 1, true) then out:line("  %s", line) end
  end
end

--- Returns whether an error is the one of Lua's own program after Ctrl-C.
function faults.is_interrupt(e) return type(e) == "string" and e:find "interrupted!$" ~= nil end

--- Returns any error as an error of rille. Lua's own errors are bugs of the command, or of a script that it ran.
function faults.normal(e)
  if errors.is_error(e) then return e end
  if faults.is_interrupt(e) then return errors.new("VALIDATION", "interrupted"), 130 end
  return errors.new("INTERNAL", tostring(e))
end

--- Returns an error as a table for JSON.
function faults.document(e)
  local doc = { code = e.code, message = e.message and in_flags(e.message), kind = e.kind, retryable = e.retryable or false, sqlstate = e.sqlstate }
  doc.meta = next(e.meta or {}) and e.meta or rille.object {}
  if e.diagnostics then doc.diagnostics = e.diagnostics end
  return { ok = false, error = doc }
end

local function advice_of(e)
  local meta = type(e.meta) == "table" and e.meta or {}
  if meta.advice then return in_flags(meta.advice) end
  return ADVICE[e.code] and ADVICE[e.code]:gsub("NAME", meta.migration or "NAME")
end

--- Shows an error: to stderr as text, or to stdout as a document with --json.
function faults.show(out, e)
  pcall(output.flush)
  if out.json and pcall(out.finish, out, faults.document(e)) then return end
  out.json = false
  out:data_on_stdout()
  if e.diagnostics and #e.diagnostics > 0 then return show_diagnostics(out, e.diagnostics, e.meta and e.meta.file) end
  local code = e.code ~= "VALIDATION" and (" " .. e.code) or ""
  out:line("%s %s", out:paint("red", "error" .. code .. ":"), in_flags(e.message or tostring(e)))
  show_lists(out, e.meta, e.message or "")
  local advice = advice_of(e)
  if advice then out:line("  %s", out:paint("dim", advice)) end
end

return faults
