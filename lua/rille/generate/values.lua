--- Types of values, and of what stands around a value: conditions, changes, conditions of groups. One class for each that a schema needs.
local values = {}
values.__index = values

-- input: what may be given; output: what comes back; order: less and greater; number: arithmetic.
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

--- out: a writer; prefix: what names of classes begin with.
function values.new(out, prefix) return setmetatable({ out = out, prefix = prefix, shared = prefix .. ".input." }, values) end

-- Facts on the type of a field; `word` is what names of its classes begin with.
local function facts(self, field)
  if field.kind == "enum" then
    local name = self.prefix .. "." .. field.type
    return { input = name, output = name, word = field.type .. "Enum" }
  end
  local known = SCALARS[field.type]
  local word = field.type
  if field.type == "String" and field.native == "Uuid" then word = "Uuid" end
  return { input = known.input, output = known.output, order = known.order, number = known.number, text = known.text and word ~= "Uuid",
    string = known.text, word = word, json = field.type == "Json" }
end

local function list_of(type) return type:find "|" and ("(%s)[]"):format(type) or type .. "[]" end
values.list_of = list_of

-- Marks what is said of NULL: an element has none of its own.
local function nullable(field) return not field.required and not field.list end

--- What a row has.
function values:output(field)
  local t = facts(self, field).output
  return field.list and list_of(t) or t
end

--- A value as it is written.
function values:input(field)
  local t = facts(self, field).input
  if field.list then return list_of(t) end
  return nullable(field) and not facts(self, field).json and t .. "|rille.Null" or t
end

--- A value of a key: never NULL.
function values:key(field) return facts(self, field).input end

local function json_filter(self, t)
  local any, mode = "any", '"default"|"insensitive"'
  local fields = { { "equals", any, true }, { "not", any, true }, { "not_", any, true }, { "path", "string|(string|integer)[]", true }, { "mode", mode, true } }
  for _, word in ipairs { "lt", "lte", "gt", "gte" } do fields[#fields + 1] = { word, any, true } end
  for _, word in ipairs { "contains", "starts_with", "ends_with" } do fields[#fields + 1] = { "string_" .. word, "string|rille.Field", true } end
  for _, word in ipairs { "contains", "starts_with", "ends_with" } do fields[#fields + 1] = { "array_" .. word, any, true } end
  return self.out:class(self.shared .. t.word .. "Filter", fields)
end

local function scalar_filter(self, t, null)
  if t.json then return json_filter(self, t) end
  local name = ("%s%s%sFilter"):format(self.shared, null and "null." or "", t.word)
  local one = t.input .. "|rille.Field" .. (null and "|rille.Null" or "")
  local many = list_of(t.input) .. "|rille.Field" .. (null and "|rille.Null" or "")
  local operand = t.input .. "|rille.Field"
  local fields = { { "equals", one, true }, { "not", one .. "|" .. name, true }, { "not_", one .. "|" .. name, true } }
  local function add(words, type)
    for word in words:gmatch "%S+" do fields[#fields + 1] = { word, type, true } end
  end
  if t.word ~= "Boolean" then add("in in_ not_in", many) end
  if t.order then add("lt lte gt gte", operand) end
  if t.text then add("contains starts_with ends_with", operand) end
  if t.string then
    add("search", "string")
    add("mode", '"default"|"insensitive"')
  end
  return self.out:class(name, fields)
end

local function list_filter(self, t)
  local many = list_of(t.input) .. "|rille.Field"
  return self.out:class(self.shared .. t.word .. "ListFilter", {
    { "equals", many .. "|rille.Null", true }, { "has", t.input .. "|rille.Field|rille.Null", true }, { "has_every", many, true },
    { "has_some", many, true }, { "is_empty", "boolean", true },
  })
end

--- What a where takes for a field.
function values:filter(field)
  local t = facts(self, field)
  if field.list then return list_filter(self, t) end
  local class = scalar_filter(self, t, nullable(field))
  if t.json then return "any" end
  return ("%s|rille.Field|%s%s"):format(t.input, nullable(field) and "rille.Null|" or "", class)
end

--- The name of the class alone.
function values:filter_class(field)
  local t = facts(self, field)
  return field.list and list_filter(self, t) or scalar_filter(self, t, nullable(field))
end

--- Which aggregates a field has.
function values.aggregates(field)
  local known = SCALARS[field.type] or {}
  return { _count = true, _avg = known.number and not field.list, _sum = known.number and not field.list,
    _min = not field.list and field.type ~= "Json", _max = not field.list and field.type ~= "Json" }
end

--- What an aggregate of a field gives, as a type of the schema.
function values.aggregate_type(field, word)
  if word == "_count" then return "Int" end
  if word == "_avg" then return field.type == "Decimal" and "Decimal" or "Float" end
  return field.type
end

--- What `having` takes for a field.
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

--- What create takes for a field: the value, a list also as { set = ... }.
function values:new_value(field)
  local t = facts(self, field)
  if not field.list then return self:input(field) end
  local set = self.out:class(self.shared .. t.word .. "ListSet", { { "set", list_of(t.input) } })
  return list_of(t.input) .. "|" .. set
end

--- What update takes for a field: the value or an operation.
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
