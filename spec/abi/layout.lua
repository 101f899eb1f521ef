-- Sizes and offsets of the structs of the public headers.
--   layout.lua generate HEADER...   writes a C program that prints them
--   layout.lua compare OLD NEW      fails if something of OLD has moved, shrunk or disappeared

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

-- Returns the names of the fields of a struct's body. A nested struct or union is one field.
local function fields_of(body)
  local fields = {}
  local flat = body:gsub("%b{}", " ")
  for declaration in flat:gmatch("([^;]+);") do
    local name = declaration:match("%(%s*%*%s*([%w_]+)%s*%)")
    if name then
      fields[#fields + 1] = name
    else
      for part in (declaration .. ","):gmatch("([^,]+),") do
        fields[#fields + 1] = part:gsub("%b[]", ""):match("([%w_]+)%s*$")
      end
    end
  end
  return fields
end

local function structs_of(text)
  local list = {}
  text = text:gsub("/%*.-%*/", " "):gsub("//[^\n]*", " "):gsub("\n%s*#[^\n]*", "\n")
  for name, body in text:gmatch("struct%s+([%w_]+)%s*(%b{})") do
    list[#list + 1] = { name = name, fields = fields_of(body:sub(2, -2)) }
  end
  return list
end

local function generate(headers)
  local includes, prints = {}, {}
  for _, header in ipairs(headers) do
    includes[#includes + 1] = ("#include <%s>"):format(header)
    for _, struct in ipairs(structs_of(read("core/include/" .. header))) do
      prints[#prints + 1] = ('  printf("%s %%lu\\n", (unsigned long)sizeof(struct %s));'):format(struct.name, struct.name)
      for _, field in ipairs(struct.fields) do
        local place = ("offsetof(struct %s, %s)"):format(struct.name, field)
        local size = ("sizeof(((struct %s *)0)->%s)"):format(struct.name, field)
        local line = '  printf("%s.%s %%lu %%lu\\n", (unsigned long)%s, (unsigned long)%s);'
        prints[#prints + 1] = line:format(struct.name, field, place, size)
      end
    end
  end
  print("#include <stddef.h>\n#include <stdio.h>\n" .. table.concat(includes, "\n"))
  print("int main(void) {\n" .. table.concat(prints, "\n") .. "\n  return 0;\n}")
end

local function parse(path)
  local map = {}
  for name, place in read(path):gmatch("(%S+) ([^\n]+)\n") do map[name] = place end
  return map
end

local function compare(old, new)
  local bad = false
  for name, place in pairs(old) do
    local now = new[name]
    local may_grow = not name:find(".", 1, true) and old[name .. ".struct_size"]
    local grown = may_grow and now and tonumber(now) > tonumber(place)
    if now ~= place and not grown then
      print(("%s: was %s, is %s"):format(name, place, now or "missing"))
      bad = true
    end
  end
  for name, place in pairs(new) do
    if not old[name] then
      local struct = name:match("^[^.]+")
      local appended = not old[struct] or old[struct .. ".struct_size"]
      if not appended then
        print(("%s: new, at %s, in a struct without struct_size"):format(name, place))
        bad = true
      end
    end
  end
  return not bad
end

if arg[1] == "generate" then
  generate { table.unpack(arg, 2) }
elseif arg[1] == "compare" then
  if not compare(parse(arg[2]), parse(arg[3])) then os.exit(1) end
else
  error "usage: layout.lua generate HEADER... | compare OLD NEW"
end
