from onboarding.cli import main

raise SystemExit(main())
