--- The classes of one model: conditions, orders, selections, data. Those of its methods are in rille.generate.methods.
local extension = require "rille.generate.extension"
local values = require "rille.generate.values"

local model = {}
model.__index = model

--- types: { out, values, prefix, by_name }; m: a model of core.schema_models.
function model.new(types, m)
  local self = setmetatable({ types = types, m = m, out = types.out, values = types.values, prefix = types.prefix .. "." .. m.name }, model)
  self.scalars, self.relations, self.lists = {}, {}, {}
  self.added = types.extension.models[m.name] or { fields = {}, methods = {} }
  for _, f in ipairs(m.fields) do
    if not f.ignored then
      if f.kind ~= "relation" then
        self.scalars[#self.scalars + 1] = f
      elseif types.by_name[f.target] then
        self.relations[#self.relations + 1] = f
        if f.list then self.lists[#self.lists + 1] = f end
      end
    end
  end
  return self
end

function model:name(part) return self.prefix .. "." .. part end

-- Returns the name of a class of the model on the other side of a relation.
function model:of(relation, part) return self.types.prefix .. "." .. relation.target .. (part and "." .. part or "") end

function model:class(part, fields, options) return self.out:class(self:name(part), fields, options) end

local function one_or_many(type) return type .. "|" .. values.list_of(type) end

-- Adds one field per scalar, with the type that fn returns for it (nil: none).
function model:each_scalar(fields, fn)
  for _, f in ipairs(self.scalars) do
    local type, optional = fn(f)
    if type then fields[#fields + 1] = { f.name, type, optional ~= false } end
  end
  return fields
end

local function join(a, b)
  if a and b then return a .. "\n" .. b end
  return a or b
end

--- Writes the class of rows.
function model:row()
  local fields = {}
  for _, f in ipairs(self.scalars) do
    if not self.added.fields[f.name] then fields[#fields + 1] = { f.name, self.values:output(f), not f.required and not f.list, f.doc } end
  end
  for _, name in ipairs(extension.names(self.added.fields)) do
    local type = self.added.fields[name]
    fields[#fields + 1] = { name, type, type == "any" or type:find "|nil$" ~= nil, "computed" }
  end
  for _, r in ipairs(self.relations) do
    fields[#fields + 1] = { r.name, self:of(r) .. (r.list and "[]" or ""), true, join(r.doc, "if it is included or selected") }
  end
  if #self.lists > 0 then fields[#fields + 1] = { "_count", self:name "RelationCounts", true, "if it is included or selected" } end
  self.out:class(self.prefix, fields, { doc = join(self.m.doc, ("A row of %s, except what `select` or `omit` leaves out."):format(self.m.name)), open = true })
  if #self.lists == 0 then return end
  local counts = {}
  for i, r in ipairs(self.lists) do counts[i] = { r.name, "integer", true } end
  self:class("RelationCounts", counts)
end

--- Writes the conditions.
function model:conditions()
  local own = self:name "Where"
  local fields = { { "AND", one_or_many(own), true }, { "OR", values.list_of(own), true }, { "NOT", one_or_many(own), true } }
  self:each_scalar(fields, function(f) return self.values:filter(f) end)
  for _, r in ipairs(self.relations) do
    local type = self:of(r, "ListFilter")
    if not r.list then type = self:of(r, "Where") .. "|" .. self:of(r, r.required and "OneFilter" or "MaybeFilter") .. (r.required and "" or "|rille.Null") end
    fields[#fields + 1] = { r.name, type, true }
  end
  self:class("Where", fields)
  self:class("ListFilter", { { "some", own, true }, { "every", own, true }, { "none", own, true } })
  self:class("OneFilter", { { "is", own, true }, { "is_not", own, true } })
  self:class("MaybeFilter", { { "is", own .. "|rille.Null", true }, { "is_not", own .. "|rille.Null", true } })
  self:keys(own)
end

-- Writes the unique `where`: a key, and any other condition.
function model:keys(where)
  local fields, by_name, seen = {}, {}, {}
  for _, f in ipairs(self.scalars) do by_name[f.name] = f end
  for _, key in ipairs(self.m.keys) do
    local first = not seen[key.client_name] -- a field may have two keys
    seen[key.client_name] = true
    if first and key.names_row and #key.fields == 1 then
      fields[#fields + 1] = { key.client_name, self.values:key(by_name[key.fields[1]]), true }
    elseif first and key.names_row then
      local parts = {}
      for i, name in ipairs(key.fields) do parts[i] = { name, self.values:key(by_name[name]) } end
      fields[#fields + 1] = { key.client_name, self:class("Key." .. key.client_name, parts), true }
    end
  end
  self:class("WhereUnique", fields, { parent = where })
end

--- Writes the orders.
function model:orders()
  local sort = self.types:sort()
  local fields = {}
  self:each_scalar(fields, function(f) return (f.required or f.list) and sort.plain or sort.nulls end)
  for _, r in ipairs(self.relations) do fields[#fields + 1] = { r.name, r.list and sort.count or self:of(r, "OrderBy"), true } end
  local texts = {}
  for _, f in ipairs(self.scalars) do
    if f.type == "String" and f.kind == "scalar" then texts[#texts + 1] = ("%q"):format(f.name) end
  end
  if #texts > 0 then
    local names = self.out:alias(self:name "TextField", table.concat(texts, "|"))
    local relevance = self:class("Relevance", { { "fields", one_or_many(names) }, { "search", "string" }, { "sort", sort.direction } })
    fields[#fields + 1] = { "_relevance", relevance, true }
  end
  self:class("OrderBy", fields, { doc = "One key per table. Several keys are a list of tables." })
end

--- Writes the selections: select, include, omit.
function model:selections()
  local select, include, omit, columns = {}, {}, {}, {}
  for _, f in ipairs(self.scalars) do
    select[#select + 1] = { f.name, "boolean", true, f.doc }
    omit[#omit + 1] = { f.name, "boolean", true }
    columns[f.name] = true
  end
  for _, name in ipairs(extension.names(self.added.fields)) do
    if not columns[name] then
      select[#select + 1] = { name, "boolean", true, "computed" }
      omit[#omit + 1] = { name, "boolean", true }
    end
  end
  for _, r in ipairs(self.relations) do
    local type = "boolean|" .. self:of(r, r.list and "RelatedMany" or r.required and "RelatedOne" or "RelatedMaybe")
    select[#select + 1] = { r.name, type, true, r.doc }
    include[#include + 1] = { r.name, type, true, r.doc }
  end
  if #self.lists > 0 then
    local counts = {}
    for i, r in ipairs(self.lists) do
      local filter = self.out:class(self:of(r, "Counted"), { { "where", self:of(r, "Where"), true } })
      counts[i] = { r.name, "boolean|" .. filter, true }
    end
    local wanted = self:class("RelationCountSelect", counts)
    local count = "boolean|" .. self:class("RelationCountArgs", { { "select", "boolean|" .. wanted } })
    select[#select + 1] = { "_count", count, true }
    include[#include + 1] = { "_count", count, true }
  end
  self:class("Select", select)
  self:class("Include", include)
  self:class("Omit", omit)
  self:related()
end

--- Writes the arguments of a relation to this model.
function model:related()
  local selections = { { "select", self:name "Select", true }, { "include", self:name "Include", true }, { "omit", self:name "Omit", true },
    { "recursive", "boolean", true, "of a relation of a model with itself" }, { "depth", "integer", true } }
  local where = { "where", self:name "Where", true }
  local many = { where, { "order_by", one_or_many(self:name "OrderBy"), true }, { "cursor", self:name "WhereUnique", true }, { "take", "integer", true },
    { "skip", "integer", true }, { "distinct", one_or_many(self:name "Field"), true }, { "lock", "rille.Lock", true } }
  local maybe = { where }
  for _, f in ipairs(selections) do
    many[#many + 1] = f
    maybe[#maybe + 1] = f
  end
  self:class("RelatedOne", selections)
  self:class("RelatedMaybe", maybe)
  self:class("RelatedMany", many)
end

-- Returns whether the field belongs to a foreign key. Then its value may come from the relation.
local function is_relation_key(self, field)
  for _, r in ipairs(self.relations) do
    for _, name in ipairs(r.holds_key and r.own_fields or {}) do
      if name == field.name then return true end
    end
  end
  return false
end

local function may_be_absent(self, f)
  return not f.required or f.list or f.has_default or f.updated_at or is_relation_key(self, f)
end

--- Writes the types of data.
function model:data()
  local create, update, many, row, plain = {}, {}, {}, {}, {}
  for _, f in ipairs(self.scalars) do
    local new, optional = self.values:new_value(f), may_be_absent(self, f)
    create[#create + 1] = { f.name, new, optional, f.doc }
    row[#row + 1] = { f.name, new, optional, f.doc }
    many[#many + 1] = { f.name, self.values:change(f), true, f.doc }
    plain[#plain + 1] = { f.name, new, true }
  end
  for _, r in ipairs(self.relations) do
    create[#create + 1] = { r.name, self:nested(r, "Create"), true, r.doc }
    update[#update + 1] = { r.name, self:nested(r, "Update"), true, r.doc }
    if not r.holds_key then row[#row + 1] = { r.name, self:nested_rows(r), true, r.doc } end
  end
  self:class("Create", create)
  self:class("CreateRow", row, { doc = "A row of create_many." })
  self:class("UpdateMany", many)
  self:class("Update", update, { parent = self:name "UpdateMany" })
  self:class("Values", plain, { doc = "Values of any fields." })
end

--- Returns the class of a relation inside data.
function model:nested(r, mode)
  local function many(type) return r.list and one_or_many(type) or type end
  local unique, create = self:of(r, "WhereUnique"), self:of(r, "Create")
  local either = self.out:class(self:of(r, "ConnectOrCreate"), { { "where", unique }, { "create", create } })
  local fields = { { "create", many(create), true }, { "connect", many(unique), true }, { "connect_or_create", many(either), true } }
  local function add(name, type) fields[#fields + 1] = { name, type, true } end
  if r.list and r.relation ~= "many_to_many" then
    local rows = { { "data", one_or_many(self:of(r, "CreateRow")) }, { "skip_duplicates", "boolean", true } }
    add("create_many", self.out:class(self:of(r, "CreateManyInside"), rows))
  end
  if mode == "Update" then (r.list and self.nested_list or self.nested_one)(self, r, add) end
  return self:class(r.name .. "." .. mode, fields, { shared = true })
end

function model:nested_list(r, add)
  local unique, where = self:of(r, "WhereUnique"), self:of(r, "Where")
  local update = self.out:class(self:of(r, "UpdateInside"), { { "where", unique }, { "data", self:of(r, "Update") } })
  local update_many = self.out:class(self:of(r, "UpdateManyInside"), { { "where", where .. "|rille.Null" }, { "data", self:of(r, "UpdateMany") } })
  local upsert = self.out:class(self:of(r, "UpsertInside"), { { "where", unique }, { "create", self:of(r, "Create") }, { "update", self:of(r, "Update") } })
  add("set", one_or_many(unique))
  add("disconnect", one_or_many(unique))
  add("delete", one_or_many(unique))
  add("delete_many", one_or_many(where) .. "|rille.Null")
  add("update", one_or_many(update))
  add("update_many", one_or_many(update_many))
  add("upsert", one_or_many(upsert))
end

function model:nested_one(r, add)
  local where = self:of(r, "Where")
  local update = self.out:class(self:of(r, "UpdateOneInside"), { { "where", where, true }, { "data", self:of(r, "Update") } })
  local upsert = self.out:class(self:of(r, "UpsertOneInside"),
    { { "where", where, true }, { "create", self:of(r, "Create") }, { "update", self:of(r, "Update") } })
  if not r.required then
    add("disconnect", "boolean|" .. where)
    add("delete", "boolean|" .. where)
  end
  add("update", self:of(r, "Update") .. "|" .. update)
  add("upsert", upsert)
end

--- Returns the class of a relation inside a row of create_many.
function model:nested_rows(r)
  local row, unique = self:of(r, "CreateRow"), self:of(r, "WhereUnique")
  local fields = { { "create", r.list and one_or_many(row) or row, true }, { "connect", r.list and one_or_many(unique) or unique, true } }
  if r.list and r.relation ~= "many_to_many" then
    fields[#fields + 1] = { "create_many", self.out:class(self:of(r, "RowsInside"), { { "data", one_or_many(row) } }), true }
  end
  return self:class(r.name .. ".CreateRows", fields)
end

--- Writes the names of the fields.
function model:fields()
  local names = {}
  for i, f in ipairs(self.scalars) do names[i] = ("%q"):format(f.name) end
  self.out:alias(self:name "Field", table.concat(names, "|"))
end

return model
