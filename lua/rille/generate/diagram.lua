--- A schema as a diagram, for Graphviz and for Mermaid.
local diagram = {}

local INK, PALE, HEAD, TEXT, GRID = "#334155", "#64748b", "#1e3a5f", "#0f172a", "#cbd5e1"

local function visible(schema)
  local models, by_name = {}, {}
  for _, m in ipairs(schema.models) do
    models[#models + 1] = m
    by_name[m.name] = m
  end
  return models, by_name
end

-- Returns "PK", "FK", "UK" of a field, each at most once.
local function keys_of(m, f)
  local found = {}
  local function within(kind)
    for _, key in ipairs(m.keys) do
      for _, name in ipairs(key.kind == kind and key.fields or {}) do
        if name == f.name then return true end
      end
    end
  end
  if within "primary" then found[#found + 1] = "PK" end
  for _, r in ipairs(m.fields) do
    for _, name in ipairs(r.holds_key and r.own_fields or {}) do
      if name == f.name and found[#found] ~= "FK" then found[#found + 1] = "FK" end
    end
  end
  if f.is_unique then found[#found + 1] = "UK" end
  return found
end

local function type_of(f)
  local type = f.type
  if f.native then
    type = f.native
    if f.native_args then type = type .. "(" .. table.concat(f.native_args, ", ") .. ")" end
  end
  return type .. (f.list and "[]" or not f.required and "?" or "")
end

-- Returns each relation once, from the referencing side; many-to-many relations from the first side.
local function relations(models)
  local list, seen = {}, {}
  for _, m in ipairs(models) do
    for _, f in ipairs(m.fields) do
      if f.kind == "relation" and f.holds_key then
        list[#list + 1] = { model = m, field = f }
      elseif f.kind == "relation" and f.relation == "many_to_many" then
        local ends = { m.name .. "." .. f.name, f.target .. "." .. f.opposite }
        table.sort(ends)
        local id = table.concat(ends, " ")
        if not seen[id] then list[#list + 1] = { model = m, field = f } end
        seen[id] = true
      end
    end
  end
  return list
end

local function opposite_of(by_name, f)
  for _, other in ipairs(by_name[f.target].fields) do
    if other.name == f.opposite then return other end
  end
end

-- Returns whether the referencing side may have many rows, and whether the other side may be missing.
local function ends_of(by_name, r)
  local opposite = opposite_of(by_name, r.field)
  return opposite and opposite.list, not r.field.required
end

-- ------------------------------------------------------------------ Graphviz

local function html(text) return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;")) end
local function quoted(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"' end

local function cell(text, options) return ("<TD %s>%s</TD>"):format(options, text) end

local function font(text, options) return ("<FONT %s>%s</FONT>"):format(options, text) end

local function field_row(m, f, shade)
  local keys = keys_of(m, f)
  local name = html(f.name)
  if keys[1] == "PK" then name = "<B>" .. name .. "</B>" end
  local back = shade and ' BGCOLOR="#f1f5f9"' or ' BGCOLOR="#ffffff"'
  local mark = #keys > 0 and font(table.concat(keys, " "), ('POINT-SIZE="8" COLOR="%s"'):format(keys[1] == "PK" and "#b45309" or "#0369a1")) or " "
  return "<TR>" .. cell(mark, ('ALIGN="LEFT" WIDTH="34" PORT="l_%s"%s'):format(html(f.name), back))
    .. cell(name, 'ALIGN="LEFT"' .. back)
    .. cell(font(html(type_of(f)), ('COLOR="%s"'):format(PALE)), ('ALIGN="LEFT" PORT="r_%s"%s'):format(html(f.name), back)) .. "</TR>"
end

local function model_node(out, m)
  local title = font("<B>" .. html(m.name) .. "</B>", 'COLOR="#ffffff" POINT-SIZE="13"')
  local notes = {}
  if m.view then notes[#notes + 1] = "view" end
  if m.table ~= m.name then notes[#notes + 1] = html(m.table) end
  if m.schema then notes[#notes + 1] = html(m.schema) end
  if #notes > 0 then title = title .. font("&#160;&#160;" .. table.concat(notes, " &#183; "), 'COLOR="#bfdbfe" POINT-SIZE="9"') end
  local rows = { "<TR>" .. cell(title, ('COLSPAN="3" ALIGN="LEFT" CELLPADDING="7" BGCOLOR="%s"'):format(m.view and "#475569" or HEAD)) .. "</TR>" }
  local shade = false
  for _, f in ipairs(m.fields) do
    if f.kind ~= "relation" then
      rows[#rows + 1] = field_row(m, f, shade)
      shade = not shade
    end
  end
  out[#out + 1] = ('  %s [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" COLOR="%s" BGCOLOR="#ffffff">%s</TABLE>>];')
    :format(quoted(m.name), GRID, table.concat(rows))
end

local function enum_node(out, e)
  local title = font("<B>" .. html(e.name) .. "</B>", 'COLOR="#ffffff" POINT-SIZE="12"') .. font("&#160;&#160;enum", 'COLOR="#d1fae5" POINT-SIZE="9"')
  local rows = { "<TR>" .. cell(title, 'ALIGN="LEFT" CELLPADDING="6" BGCOLOR="#0f766e"') .. "</TR>" }
  for i, v in ipairs(e.values) do
    rows[#rows + 1] = "<TR>" .. cell(html(v.name), ('ALIGN="LEFT" BGCOLOR="%s"'):format(i % 2 == 0 and "#f0fdfa" or "#ffffff")) .. "</TR>"
  end
  out[#out + 1] = ('  %s [label=<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" COLOR="%s" BGCOLOR="#ffffff">%s</TABLE>>];')
    :format(quoted(e.name), GRID, table.concat(rows))
end

local function relation_edge(out, by_name, r)
  local m, f = r.model, r.field
  local from, to, tail, head = quoted(m.name), quoted(f.target), "crowodot", "crowodot"
  local label
  if f.relation ~= "many_to_many" then
    local many, optional = ends_of(by_name, r)
    tail = many and "crowodot" or "noneteeodot" -- number of rows on the referencing side
    head = optional and "noneteeodot" or "noneteetee"
    from = from .. ":" .. quoted("r_" .. f.own_fields[1])
    if m.name == f.target then -- a loop, on the right
      from, to = from .. ":e", to .. ":" .. quoted("r_" .. f.other_fields[1]) .. ":e"
    else
      to = to .. ":" .. quoted("l_" .. f.other_fields[1])
    end
    label = f.name
  else
    label = f.name .. " / " .. (f.opposite or "")
  end
  out[#out + 1] = ("  %s -> %s [dir=both, arrowtail=%s, arrowhead=%s, label=%s];"):format(from, to, tail, head, quoted(" " .. label .. " "))
end

--- Returns the text for `dot`.
---@param schema table of core.schema_models
---@return string
function diagram.dot(schema)
  local models, by_name = visible(schema)
  local out = {
    "digraph schema {",
    '  graph [rankdir=LR, nodesep=0.45, ranksep=1.4, pad=0.35, bgcolor="#f8fafc", splines=spline, fontname="Helvetica"];',
    ('  node [shape=plain, fontname="Helvetica", fontsize=11, fontcolor="%s"];'):format(TEXT),
    ('  edge [color="%s", fontname="Helvetica", fontsize=9, fontcolor="%s", penwidth=1.2, arrowsize=0.9];'):format(INK, PALE),
  }
  for _, m in ipairs(models) do model_node(out, m) end
  for _, e in ipairs(schema.enums) do enum_node(out, e) end
  for _, r in ipairs(relations(models)) do relation_edge(out, by_name, r) end
  local linked = {} -- an enum is drawn next to the models that use it
  for _, m in ipairs(models) do
    for _, f in ipairs(m.fields) do
      if f.kind == "enum" and not linked[m.name .. "." .. f.type] then
        linked[m.name .. "." .. f.type] = true
        out[#out + 1] = ("  %s:%s -> %s [style=dotted, arrowhead=none, color=%s, penwidth=1];")
          :format(quoted(m.name), quoted("r_" .. f.name), quoted(f.type), quoted "#0f766e")
      end
    end
  end
  out[#out + 1] = "}"
  return table.concat(out, "\n") .. "\n"
end

-- ------------------------------------------------------------------ Mermaid

local function word(text) return (text:gsub("[^%w_%-]", "_")) end

-- A type of Mermaid is one word.
local function mermaid_type(f) return (type_of(f):gsub("%?$", ""):gsub(", ", "_"):gsub("[^%w_%-%(%)%[%]]", "_")) end

local function text_of(doc) return (doc:gsub("%s+", " "):gsub('"', "'")) end

local function mermaid_field(m, f)
  local keys, parts = keys_of(m, f), { "        " .. mermaid_type(f), word(f.name) }
  if #keys > 0 then parts[#parts + 1] = table.concat(keys, ", ") end
  local note = f.doc and text_of(f.doc) or nil
  if not f.required and not f.list then note = note and "optional; " .. note or "optional" end
  if note then parts[#parts + 1] = '"' .. note .. '"' end
  return table.concat(parts, " ")
end

--- Returns the text of a Mermaid erDiagram.
---@param schema table of core.schema_models
---@return string
function diagram.mermaid(schema)
  local models, by_name = visible(schema)
  local out = { "erDiagram" }
  for _, m in ipairs(models) do
    out[#out + 1] = ("    %s {"):format(word(m.name))
    for _, f in ipairs(m.fields) do
      if f.kind ~= "relation" then out[#out + 1] = mermaid_field(m, f) end
    end
    out[#out + 1] = "    }"
  end
  for _, r in ipairs(relations(models)) do
    local f, line = r.field, "}o--o{"
    local label = f.name
    if f.relation ~= "many_to_many" then
      local many, optional = ends_of(by_name, r)
      line = (many and "}o" or "|o") .. "--" .. (optional and "o|" or "||")
    end
    out[#out + 1] = ('    %s %s %s : "%s"'):format(word(r.model.name), line, word(f.target), label)
  end
  return table.concat(out, "\n") .. "\n"
end

return diagram
