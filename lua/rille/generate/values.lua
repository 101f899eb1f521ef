--- Types of values, and of tables around values: conditions, changes, conditions of groups. One class for each that a schema needs.
local calls = require "rille.generate.calls"

local values = {}
values.__index = values

-- input: accepted values; output: returned values; order: less and greater; number: arithmetic.
local SCALARS = {
  String = { input = "string", output = "string", order = true, text = true },
  Boolean = { input = "boolean", output = "boolean" },
  Int = { input = "integer", output = "integer", order = true, number = true },
  BigInt = { input = "integer", output = "integer", order = true, number = true },
  Float = { input = "number", output = "number", order = true, number = true },
  Decimal = { input = "rille.Decimal|string|number", output = "rille.Decimal", order = true, number = true },
  DateTime = { input = "string|number|osdate", output = "string", order = true },
  Json = { input = "any", output = "any" },
  Bytes = { input = "string", output = "string" },
}

--- out: a writer; prefix: start of the names of classes.
function values.new(out, prefix) return setmetatable({ out = out, prefix = prefix, shared = prefix .. ".input." }, values) end

-- Returns facts about the type of a field. `word` is the start of the names of its classes.
local function facts(self, field)
  if field.kind == "enum" then
    local name = self.prefix .. "." .. field.type
    return { input = name, output = name, order = true, word = field.type .. "Enum" }
  end
  local known = SCALARS[field.type]
  local word = field.type
  if field.type == "String" and field.native == "Uuid" then word = "Uuid" end
  return { input = known.input, output = known.output, order = known.order, number = known.number, text = known.text and word ~= "Uuid",
    string = known.text, word = word, json = field.type == "Json" }
end

local function list_of(type) return type:find "|" and ("(%s)[]"):format(type) or type .. "[]" end
values.list_of = list_of

-- Returns whether the field can be NULL.
local function nullable(field) return not field.required and not field.list end

--- Returns the type in a row.
function values:output(field)
  local t = facts(self, field).output
  return field.list and list_of(t) or t
end

--- Returns the type of a value that is written.
function values:input(field)
  local t = facts(self, field).input
  if field.list then return list_of(t) end
  return nullable(field) and not facts(self, field).json and t .. "|rille.Null" or t
end

--- Returns the type of a value of a key: never NULL.
function values:key(field) return facts(self, field).input end

-- Returns the sets of types, as in the table of conditions, that a type belongs to.
local function sets_of(t)
  return { ALL = true, LISTED = t.word ~= "Boolean", ORDERED = t.order, LETTERS = t.text, STRINGS = t.string }
end

-- Returns the fields of a class of conditions. own: its name; null: `%null` becomes rille.Null.
local function conditions(list, t, own, null)
  local sets, fields = sets_of(t), {}
  for _, row in ipairs(list) do
    local name, set, operand = row[1], row[2], row[3]
    if sets[set] then
      local type = operand:gsub("@%[%]", function() return list_of(t.input) end):gsub("@", function() return t.input end)
      type = type:gsub("|%%null", null and "|rille.Null" or ""):gsub("%%self", function() return own end)
      fields[#fields + 1] = { name, type, true }
    end
  end
  return fields
end

local function scalar_filter(self, t, null)
  local name = ("%s%s%sFilter"):format(self.shared, null and not t.json and "null." or "", t.word)
  return self.out:class(name, conditions(calls.conditions[t.json and "json" or "scalar"], t, name, null))
end

local function list_filter(self, t)
  local name = self.shared .. t.word .. "ListFilter"
  return self.out:class(name, conditions(calls.conditions.list, t, name))
end

--- Returns the type of a condition on a field.
function values:filter(field)
  local t = facts(self, field)
  if field.list then return list_filter(self, t) end
  local class = scalar_filter(self, t, nullable(field))
  if t.json then return "any" end
  return ("%s|rille.Field|%s%s"):format(t.input, nullable(field) and "rille.Null|" or "", class)
end

--- Returns the name of the class of conditions on a field.
function values:filter_class(field)
  local t = facts(self, field)
  return field.list and list_filter(self, t) or scalar_filter(self, t, nullable(field))
end

--- Returns the aggregates of a field.
function values.aggregates(field)
  local known = SCALARS[field.type] or {}
  return { _count = true, _avg = known.number and not field.list, _sum = known.number and not field.list,
    _min = not field.list and field.type ~= "Json", _max = not field.list and field.type ~= "Json" }
end

--- Returns the type of an aggregate of a field, as a type of the schema.
function values.aggregate_type(field, word)
  if word == "_count" then return "Int" end
  if word == "_avg" then return field.type == "Decimal" and "Decimal" or "Float" end
  return field.type
end

--- Returns the type of a field in `having`.
function values:having(field)
  local t, able = facts(self, field), values.aggregates(field)
  local name = ("%s%s%s%sHaving"):format(self.shared, nullable(field) and "null." or "", t.word, field.list and "List" or "")
  local fields = {}
  for _, word in ipairs { "_count", "_avg", "_sum", "_min", "_max" } do
    if able[word] then
      local type = values.aggregate_type(field, word)
      local as = { kind = type == field.type and field.kind or "scalar", type = type, native = type == field.type and field.native or nil }
      fields[#fields + 1] = { word, self:filter(as), true }
    end
  end
  local class = self.out:class(name, fields, { parent = self:filter_class(field) })
  if t.json then return "any" end
  if field.list then return class end
  return ("%s|rille.Field|%s%s"):format(t.input, nullable(field) and "rille.Null|" or "", class)
end

--- Returns the type of a field in `create`: the value; a list also as { set = ... }.
function values:new_value(field)
  local t = facts(self, field)
  if not field.list then return self:input(field) end
  local set = self.out:class(self.shared .. t.word .. "ListSet", { { "set", list_of(t.input) } })
  return list_of(t.input) .. "|" .. set
end

--- Returns the type of a field in `update`: the value or an operation.
function values:change(field)
  local t = facts(self, field)
  if field.list then
    local many = list_of(t.input)
    local class = self.out:class(self.shared .. t.word .. "ListChange", { { "set", many, true }, { "push", t.input .. "|" .. many, true } })
    return many .. "|" .. class
  end
  if t.json then return "any" end
  local value = self:input(field)
  local fields = { { "set", value, t.number } }
  for _, word in ipairs(t.number and { "increment", "decrement", "multiply", "divide" } or {}) do fields[#fields + 1] = { word, t.input, true } end
  return value .. "|" .. self.out:class(("%s%s%sChange"):format(self.shared, nullable(field) and "null." or "", t.word), fields)
end

return values
